/** Mutations inside expressions: conditions, comparisons, counts, constants, answers. */
"use strict";

const ts = require("typescript");
const { find, isAssertion, taskOf } = require("./tree");
const { squeezed } = require("./statements");

const { SyntaxKind } = ts;

/** A mutation of one node: its text is replaced. */
function replaced(node, text, mutation = `${squeezed(node)} -> ${text}`) {
  return { at: node, mutation, edits: [{ start: node.getStart(), end: node.end, text }] };
}

// --- Conditions and comparisons -------------------------------------------------------------

const OTHERWISE = new Map([
  [SyntaxKind.LessThanToken, "<="],
  [SyntaxKind.LessThanEqualsToken, "<"],
  [SyntaxKind.GreaterThanToken, ">="],
  [SyntaxKind.GreaterThanEqualsToken, ">"],
  [SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [SyntaxKind.ExclamationEqualsEqualsToken, "==="],
]);

/** The boundary moved by one, or equality turned around. */
function* comparisons(operation) {
  for (const node of find(operation, ts.isBinaryExpression)) {
    const { left, right, operatorToken } = node;
    const other = OTHERWISE.get(operatorToken.kind);
    if (other !== undefined && !isHook(left)) yield replaced(node, `${left.getText()} ${other} ${right.getText()}`);
  }
}

const isLogical = (node) =>
  ts.isBinaryExpression(node) && [SyntaxKind.AmpersandAmpersandToken, SyntaxKind.BarBarToken].includes(node.operatorToken.kind);
const isNot = (node) => ts.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken;
const isEquality = (node) => ts.isBinaryExpression(node) && ["===", "!=="].includes(OTHERWISE.get(node.operatorToken.kind));

/** The parts of a condition that are not made of others by `&&`, `||` and `!`. */
function leavesOf(condition) {
  if (ts.isParenthesizedExpression(condition)) return leavesOf(condition.expression);
  if (isLogical(condition)) return [...leavesOf(condition.left), ...leavesOf(condition.right)];
  return isNot(condition) ? leavesOf(condition.operand) : [condition];
}

function conditionsOf(node) {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return [node.expression];
  if (ts.isForStatement(node) || ts.isConditionalExpression(node)) return node.condition === undefined ? [] : [node.condition];
  return isLogical(node) || isNot(node) ? [node] : [];
}

/** Each part of each condition turned around; equalities are turned as comparisons. */
function* negations(operation) {
  const leaves = new Set(
    find(operation, () => true)
      .flatMap(conditionsOf)
      .flatMap(leavesOf),
  );
  for (const leaf of leaves)
    if (!isEquality(leaf) && !isHook(leaf)) yield replaced(leaf, `!(${leaf.getText()})`, `negate ${squeezed(leaf)}`);
}

/** Asks whether there is something to call, which is called below: turned around, that only crashes. */
function isHook(asked) {
  const name = asked.getText();
  let at = asked.parent;
  while (!ts.isIfStatement(at) && !ts.isConditionalExpression(at) && !ts.isStatement(at)) at = at.parent;
  return find(at, ts.isCallExpression).some((call) => call.expression.getText() === name);
}

// --- Counts and constants -------------------------------------------------------------------

const COUNTS = new Set([SyntaxKind.PlusPlusToken, SyntaxKind.MinusMinusToken]);
const counts = (node) => (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && COUNTS.has(node.operator);

/** A count that does not move; as a statement of its own it is dropped elsewhere. */
function* stillCounts(operation) {
  for (const node of find(operation, counts)) if (!ts.isExpressionStatement(node.parent)) yield replaced(node, node.operand.getText());
}

/** Numbers one more and one less, truths turned around. */
function* constants(operation) {
  for (const node of find(operation, (each) => otherConstants(each).length > 0))
    if (!isType(node))
      for (const text of otherConstants(node)) yield replaced(node, text, `${node.getText()} -> ${text} in ${squeezed(node.parent)}`);
}

/** A number that a type allows, with its sign: nothing runs there. */
function isType({ parent }) {
  return ts.isLiteralTypeNode(parent) || (ts.isPrefixUnaryExpression(parent) && ts.isLiteralTypeNode(parent.parent));
}

function otherConstants(node) {
  if (node.kind === SyntaxKind.TrueKeyword) return ["false"];
  if (node.kind === SyntaxKind.FalseKeyword) return ["true"];
  if (!ts.isNumericLiteral(node) && !ts.isBigIntLiteral(node)) return [];
  const n = ts.isBigIntLiteral(node) ? "n" : "";
  const value = BigInt(node.text.replace(/n$/, ""));
  return [`${value + 1n}${n}`, value === 0n ? `(-1${n})` : `${value - 1n}${n}`];
}

// --- Answers ----------------------------------------------------------------------------------

const ERRNO = /^E[A-Z0-9]+$/;

/** Another answer than the one given: one that the operation gives elsewhere, or another errno that it may give. */
function* otherAnswers(operation, answers) {
  const returned = find(operation, (each) => ts.isStringLiteral(each) && isReturned(each));
  const allowed = answers.literals(taskOf(operation));
  for (const node of returned) {
    const others = [...returned.map((each) => each.text), allowed.find((each) => ERRNO.test(each) && each !== node.text)];
    for (const other of new Set(others))
      if (other !== undefined && other !== node.text) yield replaced(node, `"${other}"`, `return "${node.text}" -> "${other}"`);
  }
}

function isReturned({ parent }) {
  if (ts.isConditionalExpression(parent) || ts.isParenthesizedExpression(parent)) return isReturned(parent);
  return ts.isReturnStatement(parent);
}

/** A call whose answer is used, not made: in its place stands what it could have answered. */
function* callsNotMade(operation, answers) {
  for (const node of find(operation, ts.isYieldExpression)) {
    if (node.asteriskToken === undefined || ts.isExpressionStatement(node.parent)) continue;
    for (const value of answers.insteadOf(node.expression)) yield replaced(node, value);
  }
}

/** All mutations of one operation's expressions. */
function* expressions(operation, answers) {
  const all = [
    ...comparisons(operation),
    ...negations(operation),
    ...stillCounts(operation),
    ...constants(operation),
    ...otherAnswers(operation, answers),
    ...callsNotMade(operation, answers),
  ];
  for (const each of all) if (!isAsserted(each.at, operation)) yield each;
}

function isAsserted(node, operation) {
  for (let at = node; at !== operation; at = at.parent) if (ts.isStatement(at) && isAssertion(at)) return true;
  return false;
}

module.exports = { expressions };

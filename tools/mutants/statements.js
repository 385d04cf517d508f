/** Mutations of statements: one left out, a lock left out with its unlock, two neighbours swapped. */
"use strict";

const ts = require("typescript");
const { calleeOf, find, isAssertion } = require("./tree");

const squeezed = (node) => node.getText().replaceAll(/\s+/g, " ");
const hasYield = (unit) => unit.some((each) => find(each, ts.isYieldExpression).length > 0);
const isAnnouncement = (node) =>
  ts.isExpressionStatement(node) && ts.isYieldExpression(node.expression) && node.expression.asteriskToken === undefined;
const isJump = (node) =>
  ts.isReturnStatement(node) || ts.isBreakStatement(node) || ts.isContinueStatement(node) || ts.isThrowStatement(node);

function without(statement) {
  return { start: statement.getStart(), end: statement.end, text: ts.isBlock(statement.parent) ? "" : "{}" };
}

// --- Left out ---------------------------------------------------------------------------------

const ASSIGNS = (kind) => kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;

function isEffect({ expression }) {
  if (ts.isYieldExpression(expression) || ts.isCallExpression(expression)) return true;
  if (ts.isBinaryExpression(expression)) return ASSIGNS(expression.operatorToken.kind);
  return ts.isPostfixUnaryExpression(expression) || ts.isPrefixUnaryExpression(expression);
}

/** An `if` that only leaves: a check. */
function isCheck(node) {
  if (!ts.isIfStatement(node) || node.elseStatement !== undefined) return false;
  const { thenStatement: then } = node;
  return isJump(ts.isBlock(then) ? (then.statements.at(-1) ?? then) : then);
}

/**
 * Each announcement, call, assignment and check left out, alone; but not a lock that is given back
 * all the same, which lockdep finds in any run.
 */
function* drops(operation) {
  const opening = new Set(sectionsOf(operation).map((section) => section.statement));
  for (const node of find(operation, (each) => (ts.isExpressionStatement(each) && isEffect(each)) || isCheck(each))) {
    if (isAssertion(node) || opening.has(node)) continue;
    const what = isCheck(node) ? `if (${squeezed(node.expression)}) ...` : squeezed(node).replace(/;$/, "");
    yield { at: node, mutation: `drop ${what}`, edits: [without(node)], announcement: isAnnouncement(node) };
  }
}

// --- Pairs ------------------------------------------------------------------------------------

/** What gives back what a call of this name takes: `mutex_unlock` for `mutex_lock`. */
function closingOf(name) {
  if (/(^|_)lock/.test(name)) return name.replace("lock", "unlock").replace("irqsave", "irqrestore");
  if (name.startsWith("down_")) return name.replace("down", "up");
  if (name.endsWith("_disable")) return name.replace(/disable$/, "enable");
  return name.endsWith("_enter") ? name.replace(/enter$/, "exit") : undefined;
}

/** The call that a statement is made for, if it is one: `f(x);`, `yield* f(x);`, `const s = yield* f(x);`. */
function callOf(statement) {
  let of = ts.isExpressionStatement(statement) ? statement.expression : undefined;
  if (ts.isVariableStatement(statement)) of = statement.declarationList.declarations[0].initializer;
  if (of !== undefined && ts.isYieldExpression(of)) of = of.expression;
  return of !== undefined && ts.isCallExpression(of) ? of : undefined;
}

/** What an operation does between taking something and giving it back: the statements that do the two. */
function sectionsOf(operation) {
  const calls = find(operation, (each) => ts.isStatement(each) && callOf(each) !== undefined).map((statement) => {
    const call = callOf(statement);
    return { statement, name: calleeOf(call) ?? "", on: call.arguments[0]?.getText() };
  });
  return calls.flatMap(({ statement, name, on }, i) => {
    const closing = closingOf(name);
    const later = calls.slice(i + 1).filter((each) => each.on === on);
    const next = later.findIndex((each) => each.name === name);
    const closings = later.slice(0, next < 0 ? later.length : next).filter((each) => each.name === closing);
    return closings.length === 0 ? [] : [{ statement, closing, closings: closings.map((each) => each.statement) }];
  });
}

/** Each lock left out with what gives it back: what was done under it is done without. */
function* pairs(operation) {
  for (const { statement, closing, closings } of sectionsOf(operation)) {
    const edits = [statement, ...closings].map(without);
    yield { at: statement, mutation: `drop ${squeezed(callOf(statement))} with its ${closing}`, edits };
  }
}

// --- Neighbours -------------------------------------------------------------------------------

/**
 * The statements of a block by what moves together: an announcement and the lines that take its
 * step, which end with the next yield. What comes first is part of the step even if it yields.
 */
function unitsOf(block) {
  const units = [];
  for (const statement of block.statements) {
    if (isAssertion(statement)) continue;
    const last = units.at(-1);
    const open = last !== undefined && isAnnouncement(last[0]) && !hasYield(last.slice(1)) && !isJump(statement);
    const takes = open && (last.length === 1 ? !isAnnouncement(statement) : !hasYield([statement]));
    if (takes) last.push(statement);
    else units.push([statement]);
  }
  return units;
}

function declaredIn(unit) {
  const names = unit.filter(ts.isVariableStatement).flatMap((each) => find(each, (node) => ts.isBindingName(node.name ?? node)));
  return new Set(names.flatMap((node) => find(node, ts.isIdentifier)).map((name) => name.text));
}

const mentions = (unit, names) => unit.some((each) => find(each, (node) => ts.isIdentifier(node) && names.has(node.text)).length > 0);

/** What a line without a yield may change: the left side of an assignment, or the object of a call. */
function targetOf({ expression }) {
  if (ts.isBinaryExpression(expression)) return expression.left.getText();
  if (ts.isCallExpression(expression)) return (expression.expression.expression ?? expression).getText();
  return (expression.operand ?? expression).getText();
}

/** Whether two lines of one step do the same in either order, as far as their texts tell. */
function commute(one, two) {
  if (!ts.isExpressionStatement(one) || !ts.isExpressionStatement(two)) return false;
  return !two.getText().includes(targetOf(one)) && !one.getText().includes(targetOf(two));
}

function maySwap(first, second) {
  const both = [...first, ...second];
  if (both.some(isJump) || mentions(second, declaredIn(first))) return false;
  if (hasYield(first) || hasYield(second)) return ![first, second].some((unit) => unit.every(isPureDeclaration));
  return !both.some(isPureDeclaration) && !commute(first[0], second[0]);
}

const isPureDeclaration = (each) => ts.isVariableStatement(each) && !hasYield([each]);

/** Each two neighbours that can change places, of the units of a block and of the lines of one step. */
function* swaps(operation) {
  for (const block of find(operation, ts.isBlock)) {
    const units = unitsOf(block);
    for (const [i, unit] of units.entries()) {
      const next = units[i + 1];
      if (next !== undefined && maySwap(unit, next)) yield swap(unit, next);
      const lines = isAnnouncement(unit[0]) ? unit.slice(1) : [];
      for (const [j, line] of lines.slice(1).entries()) if (maySwap([lines[j]], [line])) yield swap([lines[j]], [line]);
    }
  }
}

function swap(first, second) {
  const range = (unit) => ({ start: unit[0].getStart(), end: unit.at(-1).end });
  const [a, b] = [range(first), range(second)];
  const text = first[0].getSourceFile().text;
  const edits = [
    { ...a, text: text.slice(b.start, b.end) },
    { ...b, text: text.slice(a.start, a.end) },
  ];
  return { at: first[0], mutation: `swap ${headOf(first)} | ${headOf(second)}`, edits };
}

/** A unit in a few words: its statements without what stands in their blocks. */
function headOf(unit) {
  return unit.map((each) => headOfStatement(each).replace(/;$/, "")).join("; ");
}

function headOfStatement(statement) {
  const [block] = find(statement, (each) => ts.isBlock(each) || ts.isCaseBlock(each));
  if (block === undefined) return squeezed(statement);
  const text = statement.getSourceFile().text.slice(statement.getStart(), block.getStart());
  return `${text.replaceAll(/\s+/g, " ")}...`;
}

module.exports = { drops, pairs, swaps, squeezed };

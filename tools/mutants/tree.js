/** The reference as syntax trees: its operations, their marks, and what a call can answer. */
"use strict";

const ts = require("typescript");

/** Statements that say what holds anyway: nothing behaves otherwise without them. */
const ASSERTIONS = new Set(["rule", "lockdep_assert_held", "might_sleep"]);

function parse(file, text) {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
}

/** Calls `visit` on a node and on all below it; `visit` returns false where it wants to see no more. */
function walk(node, visit) {
  if (visit(node) === false) return;
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** All nodes below this one, and itself, that `test` accepts. */
function find(node, test) {
  const found = [];
  walk(node, (each) => {
    if (test(each)) found.push(each);
  });
  return found;
}

/** The name under which a call's function is known: `load` of `sched.load(vcpu)`; undefined if nothing is called by name. */
function calleeOf(node) {
  if (node === undefined || !ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  if (ts.isIdentifier(expression)) return expression.text;
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
}

/** A mark, a checker's assertion, or an `if` that throws or reports: what the model says of itself. */
function isAssertion(statement) {
  if (ts.isExpressionStatement(statement)) return ASSERTIONS.has(calleeOf(statement.expression));
  return ts.isThrowStatement(statement) || (ts.isIfStatement(statement) && isComplaint(onlyOf(statement.thenStatement)));
}

function isComplaint(statement) {
  return ts.isThrowStatement(statement) || (ts.isReturnStatement(statement) && calleeOf(statement.expression) === "report");
}

function onlyOf(statement) {
  return ts.isBlock(statement) && statement.statements.length === 1 ? statement.statements[0] : statement;
}

/** The operations of a file: each function of each `ops(...)` table, with the rules that it marks. */
function operationsOf(tree) {
  const tables = find(tree, (node) => calleeOf(node) === "ops" && node.arguments.length === 2);
  return tables.flatMap(({ arguments: [name, table] }) =>
    table.properties.filter(ts.isMethodDeclaration).map((node) => {
      const marks = find(node, (each) => calleeOf(each) === "rule").map((mark) => mark.arguments[0].text);
      return { name: `${name.text}.${node.name.text}`, node, marks };
    }),
  );
}

/** The `T` of a function that is declared to give back a `Task<T>`. */
function taskOf({ type }) {
  return type !== undefined && ts.isTypeReferenceNode(type) && type.typeName.getText() === "Task" ? type.typeArguments?.[0] : undefined;
}

/**
 * What the operations and types of these trees can answer: for a type its string literals, for a
 * call the values that could stand in its place if it were not made.
 */
class Answers {
  constructor(trees) {
    this.aliases = new Map();
    this.tasks = new Map();
    for (const tree of trees) {
      for (const alias of find(tree, ts.isTypeAliasDeclaration)) this.aliases.set(alias.name.text, alias.type);
      for (const node of find(tree, (each) => ts.isFunctionLike(each) && each.name !== undefined && taskOf(each) !== undefined)) {
        const known = this.tasks.get(node.name.text) ?? [];
        this.tasks.set(node.name.text, [...known, taskOf(node)]);
      }
    }
  }

  /** The string literals that a type allows. */
  literals(type) {
    if (type === undefined) return [];
    if (ts.isLiteralTypeNode(type)) return ts.isStringLiteral(type.literal) ? [type.literal.text] : [];
    if (ts.isUnionTypeNode(type)) return type.types.flatMap((each) => this.literals(each));
    return ts.isTypeReferenceNode(type) ? this.literals(this.aliases.get(type.typeName.getText())) : [];
  }

  /** Source texts that can stand for a call's value; none if the call's name says too little. */
  insteadOf(call) {
    const types = this.tasks.get(calleeOf(call)) ?? [];
    const [first, ...others] = new Set(types.map((type) => type.getText()));
    if (first === undefined || others.length > 0) return [];
    if (first === "boolean") return ["true", "false"];
    if (first === "number") return ["0"];
    if (first === "bigint") return ["0n"];
    return this.literals(types[0]).includes("ok") ? ['"ok"'] : [];
  }
}

module.exports = { parse, walk, find, calleeOf, isAssertion, operationsOf, taskOf, Answers };

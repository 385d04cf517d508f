/**
 * no-dropped-task: a generator that nobody runs does nothing, and types do not mind.
 *
 * It reports an expression of type Generator where its value is thrown away or only its truth is
 * looked at, and a Generator returned from a generator (which would be the result, not its steps).
 * The fix inserts `yield*`.
 */
"use strict";

/** The places, per node type, whose value is compared, printed, or asked only whether it is truthy. */
const PLACES = {
  IfStatement: ["test"],
  WhileStatement: ["test"],
  DoWhileStatement: ["test"],
  ForStatement: ["test"],
  SwitchStatement: ["discriminant"],
  ConditionalExpression: ["test"],
  LogicalExpression: ["left"],
  UnaryExpression: ["argument"],
  BinaryExpression: ["left", "right"],
  TemplateLiteral: ["expressions"],
};

const TIGHTER_THAN_YIELD = new Set(["LogicalExpression", "UnaryExpression", "BinaryExpression", "ConditionalExpression"]);

/** The function that `node` is directly in. */
function functionAround(node) {
  let at = node.parent;
  while (at !== undefined && at !== null && !/Function/.test(at.type)) at = at.parent;
  return at ?? undefined;
}

/** Where the value of this expression may come from: both branches of `a ? b : c`, the right side of `a && b`. What is assigned is kept. */
function sourcesOf(node) {
  if (node.type === "ConditionalExpression") return [...sourcesOf(node.consequent), ...sourcesOf(node.alternate)];
  if (node.type === "LogicalExpression") return sourcesOf(node.right);
  if (node.type === "ChainExpression") return sourcesOf(node.expression);
  if (node.type === "AssignmentExpression") return [];
  return [node];
}

/** Puts `yield*` before the expression, in parentheses where an operator would take it apart. */
function fixOf(node) {
  if (functionAround(node)?.generator !== true) return null;
  return (fixer) => {
    const close = TIGHTER_THAN_YIELD.has(node.parent.type);
    const before = fixer.insertTextBefore(node, close ? "(yield* " : "yield* ");
    return close ? [before, fixer.insertTextAfter(node, ")")] : before;
  };
}

module.exports = {
  meta: {
    type: "problem",
    fixable: "code",
    docs: { description: "A generator that is called and not run does nothing." },
    schema: [],
    messages: {
      dropped: "This only makes a generator: none of its steps is taken. Write `yield*` before it.",
      outside:
        "This only makes a generator: none of its steps is taken. Make the function around it a generator, and write `yield*` before it.",
    },
  },
  create(context) {
    const services = context.sourceCode.parserServices;
    const checker = services.program.getTypeChecker();

    function report(node) {
      const fix = fixOf(node);
      context.report({ node, messageId: fix === null ? "outside" : "dropped", fix });
    }
    const typesOf = (node) => {
      const type = services.getTypeAtLocation(node);
      return type.isUnion() ? type.types : [type];
    };
    const isGenerator = (type) => checker.getApparentType(type).getSymbol()?.name === "Generator";

    function refuseAny(place) {
      for (const node of sourcesOf(place)) if (typesOf(node).some(isGenerator)) report(node);
    }
    // Whether there is a generator at all (`Task | undefined`) is a fair question.
    function refuseAlways(place) {
      for (const node of sourcesOf(place)) if (typesOf(node).every(isGenerator)) report(node);
    }

    const visitPlaces = (places) => (node) => places.flatMap((name) => node[name] ?? []).forEach(refuseAlways);
    const visitors = Object.fromEntries(Object.entries(PLACES).map(([type, places]) => [type, visitPlaces(places)]));
    return {
      ...visitors,
      ExpressionStatement: (node) => refuseAny(node.expression),
      // The last of a sequence is its value.
      SequenceExpression: (node) => node.expressions.slice(0, -1).forEach(refuseAny),
      ReturnStatement: (node) => {
        if (node.argument !== null && functionAround(node)?.generator === true) refuseAny(node.argument);
      },
    };
  },
};

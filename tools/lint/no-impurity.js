/**
 * no-impurity: the reference and the explorer give the same run for the same schedule, in a browser too.
 *
 * It reports clocks, timers, randomness, promises, and everything that only Node has.
 */
"use strict";

const { builtinModules } = require("node:module");

const TIME = "Time is a call (`clock.advance`): let the case say when it passes.";
const CHANCE = "Choices are the explorer's: announce a `pick`, or take the seed as an argument.";
const LATER = "Whatever waits is a generator that yields a step: the schedule says when it goes on.";
const OUTSIDE = "Take what is needed as an argument; conformance/cli and conformance/adapter talk to the world outside.";

/** What to do instead, for each global that is not pure. */
const INSTEAD = {
  Date: TIME,
  performance: TIME,
  setTimeout: TIME,
  setInterval: TIME,
  setImmediate: TIME,
  crypto: CHANCE,
  Promise: LATER,
  queueMicrotask: LATER,
  process: OUTSIDE,
  console: OUTSIDE,
  fetch: OUTSIDE,
  require: OUTSIDE,
  globalThis: OUTSIDE,
  Buffer: "Use Uint8Array: a browser has no Buffer.",
};

/** References that no declaration in the file answers: globals, whether or not a library types them. */
function globalReferences(scopeManager) {
  const all = scopeManager.scopes.flatMap((scope) => scope.references);
  return all.filter(({ resolved }) => resolved === null || resolved.defs.length === 0);
}

module.exports = {
  meta: {
    type: "problem",
    docs: { description: "No clock, randomness, timers, promises or Node in the reference and the explorer." },
    schema: [],
    messages: { impure: "`{{what}}` is not allowed here. {{instead}}" },
  },
  create(context) {
    const report = (node, what, instead) => context.report({ node, messageId: "impure", data: { what, instead } });
    const isNodes = (name) => name.startsWith("node:") || builtinModules.includes(name);

    function imported(node) {
      const name = node.source?.value;
      if (typeof name === "string" && isNodes(name)) report(node, name, OUTSIDE);
    }
    function refuseAsync(node) {
      if (node.async) report(node, "async", LATER);
    }
    return {
      ImportDeclaration: imported,
      ExportNamedDeclaration: imported,
      ExportAllDeclaration: imported,
      ImportExpression: (node) => report(node, "import()", OUTSIDE),
      FunctionDeclaration: refuseAsync,
      FunctionExpression: refuseAsync,
      ArrowFunctionExpression: refuseAsync,
      AwaitExpression: (node) => report(node, "await", LATER),
      "ForOfStatement[await=true]": (node) => report(node, "for await", LATER),
      "MemberExpression[object.name='Math'][property.name='random']": (node) => report(node, "Math.random", CHANCE),
      "Program:exit"() {
        for (const { identifier } of globalReferences(context.sourceCode.scopeManager))
          if (Object.hasOwn(INSTEAD, identifier.name)) report(identifier, identifier.name, INSTEAD[identifier.name]);
      },
    };
  },
};

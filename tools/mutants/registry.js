/**
 * Loads the reference from its sources, each time anew and with one file as a mutant has it. Nothing
 * is written: the text is translated in memory, and only a file that differs is translated again.
 */
"use strict";

const path = require("node:path");
const ts = require("typescript");
const vm = require("node:vm");

const OPTIONS = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023, isolatedModules: true };

/** Where each round of a loop is told of: the name under which modules see the function for it. */
const ROUND = "__round";

/** Puts a call of `__round` at the head of each loop's body: a loop that a mutant made endless can be ended. */
function countRounds(context) {
  const call = () => ts.factory.createExpressionStatement(ts.factory.createCallExpression(ts.factory.createIdentifier(ROUND), [], []));
  const visit = (node) => {
    const seen = ts.visitEachChild(node, visit, context);
    if (!ts.isIterationStatement(seen, false)) return seen;
    const body = ts.factory.createBlock([call(), seen.statement]);
    const { factory } = ts;
    if (ts.isForStatement(seen)) return factory.updateForStatement(seen, seen.initializer, seen.condition, seen.incrementor, body);
    if (ts.isForOfStatement(seen)) return factory.updateForOfStatement(seen, seen.awaitModifier, seen.initializer, seen.expression, body);
    if (ts.isForInStatement(seen)) return factory.updateForInStatement(seen, seen.initializer, seen.expression, body);
    return ts.isDoStatement(seen)
      ? factory.updateDoStatement(seen, body, seen.expression)
      : factory.updateWhileStatement(seen, seen.expression, body);
  };
  return (file) => ts.visitNode(file, visit);
}

/** Translates a file into a function of what a module is given. Throws SyntaxError if it is no program. */
function translate(file, text) {
  const { outputText } = ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: file, transformers: { before: [countRounds] } });
  return vm.compileFunction(outputText, ["exports", "require", ROUND], { filename: file });
}

/** Modules that know each other by relative imports alone, as those of the reference do. */
class Registry {
  /**
   * @param {(file: string) => string} read gives the text of a file, named as seen from the root
   * @param {() => void} round is called at each round of each loop
   */
  constructor(read, round) {
    this.read = read;
    this.round = round;
    this.translated = new Map();
  }

  /** A fresh `require` of modules by file, each loaded once, with the files of `instead` in place of those on disk. */
  fresh(instead = new Map()) {
    const loaded = new Map();
    const load = (file) => {
      const known = loaded.get(file);
      if (known !== undefined) return known;
      const exports = {};
      loaded.set(file, exports);
      const text = instead.get(file);
      const run = text === undefined ? this.original(file) : translate(file, text);
      run(exports, (name) => load(path.posix.join(path.posix.dirname(file), `${name}.ts`)), this.round);
      return exports;
    };
    return load;
  }

  original(file) {
    const run = this.translated.get(file) ?? translate(file, this.read(file));
    this.translated.set(file, run);
    return run;
  }
}

module.exports = { Registry };

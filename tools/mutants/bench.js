/**
 * The bench on which mutants are judged, one at a time, by the cases that enter the operation that
 * was mutated. All limits are numbers of requests and rounds, so that every run ends the same way.
 */
"use strict";

const { Registry } = require("./registry");

/** Rounds of loops between two answers: no operation comes near. */
const ROUNDS = 100_000;
/** A mutant may take three times the steps that the reference makes requests for, and so many more, in a world; likewise requests in a case. */
const MORE = { world: 2_000, case: 100_000 };
/** More than any case has. */
const RUNS = 200_000;
/** How far the honesty check goes into a case, as in reference/honest-cases.test.ts. */
const HONEST = { runs: 60, steps: 20_000 };

/** Thrown where a mutant goes on for too long. */
class Unfinished extends Error {}

class Bench {
  /**
   * @param {object} engine
   * @param {object} engine.spec the loaded specification
   * @param {Function} engine.judge as in conformance/verdict/judge.ts
   * @param {(file: string) => string} read gives the text of a source of the reference
   */
  constructor({ spec, judge }, read) {
    this.spec = spec;
    this.judge = judge;
    this.registry = new Registry(read, () => {
      if (--this.rounds < 0) throw new Unfinished(`a loop went round ${ROUNDS} times`);
    });
    this.rounds = ROUNDS;
    this.of = new Map([...spec.reads].map(([name, each]) => [name, each.of]));
  }

  /**
   * What the reference makes of these cases: the operations that each enters, and the requests that
   * it takes. Throws if one of them does not hold, which could judge nothing.
   */
  measure(cases) {
    const load = this.load();
    const { reference } = load("reference/adapter.ts");
    const entered = new Set();
    const ops = noting(load("reference/task.ts").tables({}, false), entered);
    return cases.map((what) => {
      entered.clear();
      // One of its own: a door does not build again what the case before was given too.
      const door = reference({ name: "reference", ops });
      const { verdict, spent } = this.held(what, door, { world: Infinity, case: Infinity });
      if (verdict.verdict !== "holds" || verdict.findings.length > 0)
        throw new Error(`${what.case} does not hold on the reference: first \`kvm-conform run --case ${what.case}\``);
      return { case: what.case, rules: what.rules, entered: [...entered], spent };
    });
  }

  /** A fresh copy of the reference, by file, with the files of `instead` in place of those on disk. */
  load(instead) {
    this.rounds = ROUNDS;
    return this.registry.fresh(instead);
  }

  /** Judges one case through a door; throws Unfinished where more is asked than `most`. */
  held(what, door, most, limits) {
    const spent = { world: 0, case: 0 };
    let world = 0;
    const answer = (request) => {
      world = request.op === "open" ? 0 : world + 1;
      spent.world = Math.max(spent.world, world);
      if (++spent.case > most.case || world > most.world) throw new Unfinished(`${spent.case} requests, ${world} of them in one world`);
      this.rounds = ROUNDS;
      try {
        return door(request);
      } catch (error) {
        if (error instanceof Unfinished) throw error;
        return { error: String(error?.message ?? error) };
      }
    };
    const exchange = this.judge(what, this.spec, door({ op: "hello", protocol: 1, runner: "mutants" }), limits && { limits });
    let turn = exchange.next();
    while (turn.done !== true) turn = exchange.next(answer(turn.value));
    return { verdict: turn.value, spent };
  }
}

/** These operations, each of which notes its name when it is entered. */
function noting(ops, entered) {
  const noted = (name, operation) =>
    function* (...args) {
      entered.add(name);
      return yield* operation(...args);
    };
  return Object.fromEntries(
    Object.entries(ops).map(([table, own]) => [
      table,
      Object.fromEntries(Object.entries(own).map(([op, operation]) => [op, noted(`${table}.${op}`, operation)])),
    ]),
  );
}

module.exports = { Bench, HONEST, MORE, RUNS, Unfinished };

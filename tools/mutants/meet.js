/** What becomes of a mutant when it meets the cases: the first claim that fails, or the best that is noticed without. */
"use strict";

const { HONEST, MORE, RUNS, Unfinished } = require("./bench");

/**
 * @typedef {object} Outcome
 * @property {"claim" | "check" | "unreached" | "crash" | "unfinished" | "dishonest" | "nothing" | "unloadable"} by
 *   a claim of a rule failed; a built-in check that no claim of the case owns; something that the case
 *   promises to reach was not reached; the model crashed; the limits ended it; only the honesty check
 *   saw it; it survived; it could not be loaded
 * @property {string} [case] where
 * @property {string} [rule] whose claim
 * @property {string} [kind] of the claim or check
 * @property {string} [what] happened
 */

/** What shows less stands later. */
const ORDER = ["claim", "check", "unreached", "crash", "unfinished"];
/** Built-in checks: a claim of the case's own if it says `never:`. */
const CHECKS = new Set(["atomic-sleep", "lock-order", "data-race", "leak", "nondeterministic"]);

/**
 * The cases that a mutant meets, cheapest first: those that enter its operation, of the areas asked
 * for and of the rules that the operation marks.
 */
function casesFor({ operation, marks }, measured, areas) {
  const concerned = ({ case: id, rules }) => areas.includes(id.split("/")[0]) || rules.some((rule) => marks.includes(rule));
  const passing = measured.filter((each) => each.entered.includes(operation) && concerned(each));
  return passing.sort((a, b) => a.spent.case - b.spent.case || (a.case < b.case ? -1 : 1));
}

/** Judges a mutant by these measured cases. @returns {Outcome} */
function meet(mutant, measured, bench) {
  const instead = new Map([[mutant.file, mutant.text]]);
  let door;
  try {
    door = bench.load(instead)("reference/adapter.ts").reference();
  } catch (error) {
    return { by: "unloadable", what: String(error) };
  }
  let best = { by: "nothing" };
  for (const { case: id, spent } of measured) {
    const came = { case: id, ...judged(bench, id, door, spent) };
    if (came.by === "claim") return came;
    if (came.by !== "nothing" && (best.by === "nothing" || ORDER.indexOf(came.by) < ORDER.indexOf(best.by))) best = came;
  }
  return best.by === "nothing" ? honestly(bench, instead, measured) : best;
}

function judged(bench, id, door, spent) {
  // A run that is cut short after so many steps is still judged by the claims that it has broken: no step takes three requests.
  const steps = 3 * spent.world + MORE.world;
  const most = { world: 3 * steps, case: 3 * spent.case + MORE.case };
  try {
    return outcomeOf(bench.held(bench.spec.cases.get(id), door, most, { runs: RUNS, steps }).verdict);
  } catch (error) {
    if (!(error instanceof Unfinished)) throw error;
    return { by: "unfinished", what: error.message };
  }
}

function outcomeOf({ verdict, reason, failure, findings }) {
  if (failure !== undefined) {
    const owned = failure.violations.find(({ kind, rule, claim }) => (CHECKS.has(kind) ? claim : rule) !== undefined);
    const { kind, rule, text, what } = owned ?? failure.violations[0];
    return { by: owned === undefined ? "check" : "claim", kind, rule, text, what };
  }
  if (verdict === "crashed") return { by: "crash", what: reason };
  if (verdict === "unfinished") return { by: "unfinished", what: reason };
  const [finding] = findings;
  return finding === undefined ? { by: "nothing" } : { by: "unreached", kind: finding.kind, what: finding.text };
}

/** Nothing saw the mutant: does it at least take steps that touch what they do not announce? */
function honestly(bench, instead, measured) {
  const { honest } = bench.load(instead)("reference/honest.ts");
  for (const { case: id } of measured) {
    const door = honest(bench.of);
    try {
      bench.held(bench.spec.cases.get(id), door, { world: Infinity, case: Infinity }, HONEST);
    } catch (error) {
      if (!(error instanceof Unfinished)) throw error;
    }
    const [lie] = door.lies;
    if (lie !== undefined) return { by: "dishonest", case: id, what: lie };
  }
  return { by: "nothing" };
}

module.exports = { casesFor, meet };

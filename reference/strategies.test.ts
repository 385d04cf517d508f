/** Leaving out schedules that only swap independent steps leaves out nothing that a claim can see. */
import { holdHere } from "../conformance/adapter/door";
import type { FiledCase } from "../conformance/case/spec";
import { explore, type Options } from "../conformance/explore/explore";
import { naive } from "../conformance/explore/naive";
import { optimal } from "../conformance/explore/optimal";
import { sleepSets } from "../conformance/explore/sleep-sets";
import { states as eachState } from "../conformance/explore/states";
import { conflictOnObject } from "../conformance/explore/footprints";
import { judge } from "../conformance/verdict/judge";
import exitingIsNotWaitedFor from "../fixtures/bugs/lock/exiting-is-not-waited-for-07b";
import interruptSentAndForgotten from "../fixtures/bugs/lock/interrupt-sent-and-forgotten";
import { concurrent, hello, planned, spec } from "../tools/shipped";
import { reference } from "./adapter";
import PINS from "./pins.json";

/** Larger than this with sleep sets, a case is compared only if COMPARE=all. */
const TRIES = process.env["COMPARE"] === "all" ? 200_000 : 2_000;

/** Where trying every schedule ends within so many runs, it is tried. */
const RUNS = 4_000;

const pinned = new Map(Object.entries(PINS));

/** The concurrent cases of so many traces at most. */
const small = (traces: number) => concurrent.filter(([id]) => (pinned.get(id)?.traces ?? 0) <= traces);

/** What both strategies must agree on: verdicts, ends, deadlocks, and the states that each claim saw, in order. */
function seenBy(strategy: Options["strategy"], what: FiledCase) {
  const explored = holdHere(
    explore(planned(what), { strategy, limits: { runs: Math.max(RUNS, TRIES), steps: 20_000 }, record: true, sequences: true }),
    reference(),
  );
  const { complete, violations, deadlocks, sequences, whole, runs, redundant, strategy: name } = explored;
  const broken = violations.map((each) => each.text).sort();
  const { marks, watch } = whole;
  const all = { broken, deadlocked: deadlocks > 0, seen: sequences?.seen, ends: whole.ends.all, marks, reached: watch.reached };
  return { name, runs, redundant, complete, tries: runs + redundant, all };
}

test("trying every schedule shows no more than one run for each trace does, nor than sleep sets, on at least eight cases", () => {
  // What is large with reduction is hopeless without.
  const compared = small(30).flatMap(([id, each]) => {
    const reduced = seenBy(sleepSets, each);
    const every = reduced.complete && reduced.tries <= 60 ? seenBy(naive, each) : undefined;
    if (every?.complete !== true) return [];
    return [{ id, looks: each.always !== undefined, reduced: reduced.all, once: seenBy(optimal, each).all, every: every.all }];
  });
  const all = compared.map(({ id, every }) => ({ id, ...every }));
  expect(compared.map(({ id, reduced }) => ({ id, ...reduced }))).toEqual(all);
  expect(compared.map(({ id, once }) => ({ id, ...once }))).toEqual(all);
  expect(compared.length).toBeGreaterThanOrEqual(8);
  expect(compared.filter(({ looks }) => looks).length).toBeGreaterThanOrEqual(5);
});

test.each(concurrent)("%s: one run for each trace shows all that sleep sets show, and gives none up", (id, each) => {
  // To see sequences each world is made anew; the pins are of runs that go back to where they part from the last one.
  const once = seenBy(optimal, each);
  expect(once).toMatchObject({ name: "optimal", complete: true, redundant: 0, runs: pinned.get(id)?.traces });
  const reduced = once.runs * 10 <= TRIES ? seenBy(sleepSets, each) : undefined;
  const { complete, runs, all } = reduced?.complete === true ? reduced : once;
  expect({ complete, runs, all }).toEqual({ complete: true, runs: once.runs, all: once.all });
});

test.each(small(6))("%s: each state once shows all but the sequences", (_, each) => {
  const [all, states] = [seenBy(optimal, each).all, seenBy(eachState, each)];
  expect(states).toMatchObject({ name: "states", complete: true });
  expect({ ...states.all, seen: undefined }).toEqual({ ...all, seen: undefined });
});

/** One run for each trace, where steps depend on each other by what they touch alone: as if no claim looked on. */
const blind: Options["strategy"] = () => optimal((a, b) => a.stack === b.stack || conflictOnObject(a, b));

test("if steps that one claim sees did not depend on each other, it would see too few sequences of states", () => {
  const moving = spec.cases.get("apicpg/a-page-that-is-moving-is-not-mapped") as FiledCase;
  const [all, some] = [seenBy(optimal, moving).all.seen, seenBy(blind, moving).all.seen];
  expect(some).not.toEqual(all);
  for (const [claim, sequences] of some ?? []) expect([...(all?.get(claim) ?? [])]).toEqual(expect.arrayContaining([...sequences]));
});

test.each([
  ["exiting-is-not-waited-for", exitingIsNotWaitedFor],
  ["interrupt-sent-and-forgotten", interruptSentAndForgotten],
])("nor would %s be found", (_, bug) => {
  const met = spec.cases.get("lock/a-vcpu-on-its-way-out-is-waited-for-too") as FiledCase;
  expect(holdHere(judge(met, spec, hello), bug.door())).toMatchObject({ verdict: "broken" });
  expect(holdHere(judge(met, spec, hello, { strategy: blind }), bug.door())).toMatchObject({ verdict: "holds" });
});

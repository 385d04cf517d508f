/** Leaving out schedules that only swap independent steps leaves out nothing that a claim can see. */
import { holdHere } from "../conformance/adapter/door";
import type { FiledCase } from "../conformance/case/spec";
import { explore, type Options } from "../conformance/explore/explore";
import { naive } from "../conformance/explore/naive";
import { optimal } from "../conformance/explore/optimal";
import { sleepSets } from "../conformance/explore/sleep-sets";
import { concurrent, planned } from "../tools/shipped";
import { reference } from "./adapter";

/** Larger than this with sleep sets, a case is compared only if COMPARE=all. */
const TRIES = process.env["COMPARE"] === "all" ? 200_000 : 2_000;

/** Where trying every schedule ends within so many runs, it is tried. */
const RUNS = 4_000;

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

test("trying every schedule shows no more than sleep sets do, on at least eight cases", () => {
  const compared = concurrent.flatMap(([id, each]) => {
    const reduced = seenBy(sleepSets, each);
    // What is large with reduction is hopeless without.
    const every = reduced.complete && reduced.tries <= 60 ? seenBy(naive, each) : undefined;
    return every?.complete === true ? [{ id, reduced: reduced.all, every: every.all }] : [];
  });
  expect(compared.map(({ id, reduced }) => ({ id, ...reduced }))).toEqual(compared.map(({ id, every }) => ({ id, ...every })));
  expect(compared.length).toBeGreaterThanOrEqual(8);
});

test.each(concurrent)("%s: one run for each trace shows all that sleep sets show, and gives none up", (_, each) => {
  const once = seenBy(optimal, each);
  expect(once).toMatchObject({ name: "optimal", complete: true, redundant: 0 });
  const reduced = once.runs * 10 <= TRIES ? seenBy(sleepSets, each) : undefined;
  const { complete, runs, all } = reduced?.complete === true ? reduced : once;
  expect({ complete, runs, all }).toEqual({ complete: true, runs: once.runs, all: once.all });
});

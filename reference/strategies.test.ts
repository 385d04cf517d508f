/** Leaving out schedules that only swap independent steps leaves out nothing that a claim can see. */
import { holdHere } from "../conformance/adapter/door";
import type { FiledCase } from "../conformance/case/spec";
import { explore } from "../conformance/explore/explore";
import { naive } from "../conformance/explore/naive";
import { sleepSets } from "../conformance/explore/sleep-sets";
import { concurrent, planned } from "../tools/shipped";
import { reference } from "./adapter";

/** Where trying every schedule ends within so many runs, it is tried. */
const RUNS = 4_000;

/** What both strategies must agree on: verdicts, ends, deadlocks, and the states that each claim saw, in order. */
function seenBy(strategy: typeof sleepSets, what: FiledCase) {
  const explored = holdHere(explore(planned(what), { strategy, limits: { runs: RUNS, steps: 20_000 }, record: true }), reference());
  const { complete, violations, deadlocks, sequences, whole, runs, redundant } = explored;
  const broken = violations.map((each) => each.text).sort();
  return { tries: runs + redundant, complete, all: { broken, deadlocked: deadlocks > 0, seen: sequences?.seen, ends: whole.ends } };
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

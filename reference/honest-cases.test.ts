/** Whether the model says truly what its steps touch, on the first runs of every shipped case. */
import { holdHere } from "../conformance/adapter/door";
import { explore } from "../conformance/explore/explore";
import { sleepSets } from "../conformance/explore/sleep-sets";
import { cases, planned, spec } from "../tools/shipped";
import { honest } from "./honest";

const of = new Map([...spec.reads].map(([name, read]) => [name, read.of]));

test.each(cases)("the steps of %s touch what they announce, and its reads what they declare", (_, each) => {
  const door = honest(of);
  const { stopped } = holdHere(explore(planned(each), { strategy: sleepSets, limits: { runs: 60, steps: 20_000 } }), door);
  // A watch that brings the model down sees nothing more, and would find it honest.
  expect(stopped?.why).not.toBe("crashed");
  expect([...door.lies]).toEqual([]);
});

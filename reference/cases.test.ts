/** The shipped cases on the reference: all hold, whatever the strategy, and every step is honest. */
import { holdHere } from "../conformance/adapter/door";
import { loadSpec } from "../conformance/case/load";
import { packageRoot } from "../conformance/case/root";
import { explore } from "../conformance/explore/explore";
import { naive } from "../conformance/explore/naive";
import { sleepSets } from "../conformance/explore/sleep-sets";
import { plan, type Plan } from "../conformance/plan/plan";
import { judge } from "../conformance/verdict/judge";
import type { HelloReply } from "../spec/generated/types";
import { reference } from "./adapter";
import { honest } from "./honest";

const { spec } = loadSpec(packageRoot());
const cases = [...spec.cases.values()];
const concurrent = cases.filter((each) => Object.keys(each.threads ?? {}).length > 1);
const hello = reference()({ op: "hello", protocol: 1, runner: "test" }) as HelloReply;

test.each(cases.map((each) => [each.case, each] as const))("%s holds on the reference", (_, each) => {
  const verdict = holdHere(judge(each, spec, hello), reference());
  expect({ ...verdict.failure?.violations[0], findings: verdict.findings, reason: verdict.reason }).toEqual({ findings: [] });
  expect(verdict.verdict).toBe("holds");
  expect(verdict.seen.unseen).toEqual([]);
});

const of = new Map([...spec.reads].map(([name, read]) => [name, read.of]));

test.each(cases.map((each) => [each.case, each] as const))("the steps of %s touch what they announce", (_, each) => {
  const door = honest(of);
  holdHere(explore(plan(each, spec, hello) as Plan, { strategy: sleepSets, limits: { runs: 300, steps: 20_000 } }), door);
  expect([...door.lies]).toEqual([]);
});

/** What both strategies must agree on, whatever they leave out. */
function seenBy(strategy: typeof sleepSets, planned: Plan, runs: number) {
  const explored = holdHere(explore(planned, { strategy, limits: { runs, steps: 20_000 }, record: true }), reference());
  const { complete, violations, deadlocks, sequences, whole } = explored;
  return {
    complete,
    broken: violations.map((each) => each.text).sort(),
    deadlocked: deadlocks > 0,
    seen: sequences?.seen,
    ends: whole.ends,
  };
}

test("trying every schedule shows no more than sleep sets do", () => {
  const compared: string[] = [];
  for (const each of concurrent) {
    const planned = plan(each, spec, hello) as Plan;
    const every = seenBy(naive, planned, 20_000);
    if (!every.complete) continue;
    expect({ case: each.case, ...seenBy(sleepSets, planned, 20_000) }).toEqual({ case: each.case, ...every });
    compared.push(each.case);
  }
  expect(compared.length).toBeGreaterThanOrEqual(8);
});

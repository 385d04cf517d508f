/** Cases judged in parts come to the verdicts of cases judged whole. */
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import type { FiledCase } from "../case/spec";
import type { Judged } from "../report/events";
import { openBench, saidOn, type Bench } from "./bench";
import { Cases, type CaseTask, type SavedCases } from "./cases";
import { judgingOf } from "./judging";
import { Died } from "./thread";

const { spec } = loadSpec(packageRoot());
jest.setTimeout(60_000);

const NEVER = { stopped: false };
const ASKING = { digest: true };
const IDS = ["apicv/a-vcpu-follows-the-mask-before-it-enters", "vcpuid/the-limit-is-set-once"];
const some = (ids: readonly string[]): FiledCase[] => ids.map((id) => spec.cases.get(id) as FiledCase);

/** Judges in parts of so many runs; now and then, all is saved and begun again from there. */
async function inParts(
  adapter: string,
  ids: readonly string[],
  runs: number,
  saves: boolean,
): Promise<{ verdicts: Judged[]; parts: number }> {
  const bench = await openBench(adapter, spec, NEVER);
  const begin = (saved?: SavedCases): Cases => new Cases(some(ids), spec, bench.hello, adapter, ASKING, saved);
  const verdicts: Judged[] = [];
  let cases = begin();
  let parts = 0;
  for (let task = cases.next(); task !== undefined; task = cases.next()) {
    const said = await saidOn(bench, spec, task, (made) => made >= runs);
    for (const [n, verdict] of cases.came(task, said, parts++ % 2 === 0)) verdicts[n] = verdict;
    if (saves && parts % 3 === 0) cases = begin(JSON.parse(JSON.stringify(cases.save())) as SavedCases);
  }
  return { verdicts, parts };
}

async function whole(bench: Bench, ids: readonly string[]): Promise<unknown[]> {
  const verdicts: unknown[] = [];
  for (const what of some(ids)) verdicts.push(timeless(await bench.judge(what, judgingOf(ASKING))));
  return verdicts;
}

/** Without what depends on how the work was cut. */
function timeless(verdict: object): unknown {
  const { how, marks, nested, ...rest } = verdict as Judged;
  const same = { marks: marks.toSorted(), nested: new Set(nested.map((each) => JSON.stringify(each))) };
  return { ...rest, ...same, how: { ...how, redundant: 0, steps: 0 }, seconds: 0, type: "verdict" };
}

test.each([
  ["in parts", 9, false],
  ["in parts, and saved and begun again in between", 12, true],
])("%s, cases hold as they do whole: runs, ends, digest, marks", async (_, runs, saves) => {
  const { verdicts, parts } = await inParts("reference", IDS, runs, saves);
  expect(parts).toBeGreaterThan(8);
  expect(verdicts.map(timeless)).toEqual(await whole(await openBench("reference", spec, NEVER), IDS));
});

test("a failure that was found in a part is the one that is found first by one who explores the whole", async () => {
  const bug = "fixtures/bugs/vcpuid/the-limit-is-set-without-the-lock-15a";
  const ids = ["vcpuid/the-limit-and-the-first-vcpu-cannot-both-win"];
  const { verdicts } = await inParts(bug, ids, 1, false);
  expect(verdicts[0]?.verdict).toBe("broken");
  expect(verdicts.map(timeless)).toEqual(await whole(await openBench(bug, spec, NEVER), ids));
});

test("a case that took its thread with it has crashed, and what else was going on of it counts no more", async () => {
  const { hello } = await openBench("reference", spec, NEVER);
  const cases = new Cases(some(IDS), spec, hello, "reference", ASKING);
  const task = cases.next() as CaseTask;
  expect(cases.failed(task, new Died("its thread ended: exit code 7"))).toMatchObject([[0, { verdict: "crashed" }]]);
  expect(cases.failed(task, new Died("its thread ended: exit code 7"))).toEqual([]);
  expect(() => cases.failed(task, new Error("our mistake"))).toThrow("our mistake");
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Case } from "../../spec/generated/types";
import { Child, PATIENCE, type Patience } from "../adapter/stdio";
import { stillRunning } from "../../tools/command";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { judgeOver } from "./blame";
import { judge } from "./judge";
import type { Verdict } from "./verdict";

const { spec } = loadSpec(packageRoot());
const CASE = spec.cases.get("vcpuid/the-limit-is-set-once");
const rude = join(__dirname, "../../fixtures/faux/rude.js");

/** The verdicts of the same case, judged `times` times on one adapter of this manner. */
async function judged(manner: string, times = 1, patience: Partial<Patience> = {}, pids?: string): Promise<Verdict[]> {
  const child = new Child([process.execPath, rude, manner, ...(pids === undefined ? [] : [pids])], {
    ...PATIENCE,
    deadline: 1500,
    grace: 300,
    ...patience,
  });
  try {
    const hello = await child.hello();
    const verdicts: Verdict[] = [];
    for (let i = 0; i < times; i++) verdicts.push(await judgeOver(child, () => judge(CASE as Case, spec, hello)));
    return verdicts;
  } finally {
    await child.end();
  }
}

test("an adapter that behaves is judged over its pipe", async () => {
  expect(await judged("none", 2)).toMatchObject([{ verdict: "holds" }, { verdict: "holds", how: { control: "call", runs: 1 } }]);
});

test.each([
  ["killed", "it was ended by SIGKILL"],
  ["prints its log on stdout", 'it wrote "debug: the limit is 3 now" to stdout, which is not JSON: stdout is for replies, log to stderr'],
  ["answers somebody else", "repeats the id of no request"],
  ["answers in another shape", "does not fit the schema: returned must be"],
  ["never ends its line", "it wrote a line longer than 1048576 characters"],
  ["closes stdout", "it closed its stdout"],
  ["never closes", "it had not answered `close` after 1.5 s"],
  ["panics", "panic: no memory"],
])("an adapter that is rude (%s) has crashed, and is told why", async (manner, reason) => {
  const [verdict] = await judged(manner);
  expect(verdict).toMatchObject({ verdict: "crashed", reason: expect.stringContaining(reason) as string, failure: undefined });
});

test("an adapter that cannot make the world of a case is believed: nothing is held against it", async () => {
  expect(await judged("cannot be that machine")).toMatchObject([{ verdict: "untestable", reason: "nobody can be that" }]);
});

test("an adapter that answers slowly, but in time, holds", async () => {
  expect(await judged("closes slowly")).toMatchObject([{ verdict: "holds" }]);
});

test("a call that is never answered is stuck: a finding, made twice", async () => {
  const [verdict] = await judged("hangs");
  expect(verdict).toMatchObject({ verdict: "broken", failure: { violations: [{ kind: "stuck", rule: "vcpuid.limit.write-once" }] } });
  expect(verdict?.failure?.violations[0].what).toBe("P0: vm.enable_cap: it had not answered `call` after 1.5 s");
});

test.each(["hangs and ignores SIGTERM", "leaves a child behind", "stays after the end"])(
  "nothing is left running of an adapter that %s",
  async (manner) => {
    const folder = mkdtempSync(join(tmpdir(), "kvm-conform-blame-"));
    const pids = join(folder, "pids");
    await judged(manner, 1, {}, pids);
    const started = (): number[] => readFileSync(pids, "utf8").trim().split("\n").map(Number).filter(Boolean);
    expect(started().length).toBeGreaterThan(0);
    expect(await stillRunning(started())).toEqual([]);
    // One that was killed as it started may have written its number meanwhile, or be about to.
    expect(await stillRunning(started())).toEqual([]);
    rmSync(folder, { recursive: true, maxRetries: 5 });
  },
);

test.each([
  ["has not what it claims", "vm.enable_cap"],
  ["shows nothing", "vm.max_vcpu_ids"],
  ["shows a word for a number", "vm.max_vcpu_ids"],
])("an adapter that %s is caught at the lie", async (manner, about) => {
  const [verdict] = await judged(manner);
  expect(verdict?.verdict).toBe("broken");
  const lies = verdict?.failure?.violations.filter(({ kind }) => kind === "capability-lie") ?? [];
  expect(lies.map(({ what }) => what)).toEqual([expect.stringContaining(about)]);
});

test("a crash that needs earlier cases is not blamed on the one it came in, and the others keep their verdicts", async () => {
  const verdicts = await judged("dies in its third world", 4);
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(["holds", "holds", "crashed", "holds"]);
  expect(verdicts[2]?.reason).toContain("it exited with status 8");
  expect(verdicts[2]?.reason).toContain("alone in a fresh process the case is holds");
});

test("an adapter that keeps dying is given up, and what was not tried is unfinished", async () => {
  const verdicts = await judged("killed", 4, { restarts: 2 });
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(["crashed", "crashed", "unfinished", "unfinished"]);
  expect(verdicts[3]?.reason).toBe("it died 3 times, and is not started again");
});

test("an adapter that cannot be greeted is refused with the reason", async () => {
  await expect(judged("says nothing to hello")).rejects.toThrow("it had not answered `hello` after 1.5 s");
  await expect(judged("speaks another protocol")).rejects.toThrow("protocol must be equal to constant (1)");
  await expect(new Child(["/nowhere/adapter"]).hello()).rejects.toThrow("it cannot be started: spawn /nowhere/adapter ENOENT");
});

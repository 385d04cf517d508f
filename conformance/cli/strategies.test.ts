/** `run --strategy`: each strategy finds a planted bug, says what it did wherever a verdict is shown, and refuses what makes no sense. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { kvmConform } from "../../tools/command";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { readLog, type Log } from "../report/events";
import { replay } from "./replay";
import { run, type RunOptions } from "./run";

const { spec } = loadSpec(packageRoot());
const CASE = "vcpuid/the-limit-and-the-first-vcpu-cannot-both-win";
const SEQUENTIAL = "vcpuid/the-limit-is-set-once";
const BUG = "fixtures/bugs/vcpuid/the-limit-is-set-without-the-lock-15a";
const EVERYBODY = ["optimal", "sleep-sets", "naive", "states", "bounded", "pct", "random"];

let out: string;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "kvm-conform-strategies-"));
});

afterEach(() => rmSync(out, { recursive: true }));

async function ran(options: Partial<RunOptions>): Promise<{ code: number; lines: string[]; log: Log; junit: string }> {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(stripVTControlCharacters(line));
  const code = await run(spec, { adapter: ["reference"], case: [CASE], out, ...options }, print, { stopped: false });
  const read = (file: string): string => readFileSync(join(out, file), "utf8");
  return { code, lines, log: readLog(read("results.ndjson"), "log"), junit: read("junit.xml") };
}

test.each(EVERYBODY)("%s finds a lock that is not taken, and what it prints shows it again", async (strategy) => {
  const { code, log } = await ran({ strategy, adapter: [BUG] });
  const [{ how, failure } = {}] = log.verdicts;
  expect({ code, strategy: how?.strategy, rule: failure?.violations[0].rule }).toEqual({
    code: 1,
    strategy,
    rule: "vcpuid.limit.one-winner",
  });
  expect(await replay(spec, CASE, failure?.schedule ?? "", BUG, () => undefined, { stopped: false })).toBe(1);
});

test.each<[string, Partial<RunOptions>, RegExp]>([
  ["optimal", {}, /^every schedule, \d+ runs$/],
  ["sleep-sets", {}, /^every schedule, \d+ runs and \d+ cut short$/],
  ["naive", {}, /^every schedule, \d+ runs$/],
  ["states", {}, /^every schedule, \d+ states, \d+ runs and \d+ cut short$/],
  ["bounded", { bound: 1 }, /^at most 1 preemption, \d+ runs$/],
  ["pct", { runs: 20, seed: 7 }, /^20 random runs \(seed 7, 2 changes of priority each\)$/],
  ["random", { runs: 20 }, /^20 random runs \(seed 1\)$/],
])("%s says what it did at the terminal, in JUnit and in the log", async (strategy, options, words) => {
  const { code, lines, log, junit } = await ran({ strategy, ...options });
  expect(code).toBe(0);
  const said = lines[0]?.replace(`holds      ${CASE}  `, "") ?? "";
  expect(said).toMatch(words);
  expect(junit).toContain(`[${said}]`);
  expect(log.verdicts).toMatchObject([{ verdict: "holds", how: { strategy } }]);
  expect(log.verdicts[0]?.how?.covered.startsWith("every")).toBe(said.startsWith("every schedule"));
});

test("a limit that is reached leaves the case unfinished, whatever the strategy", async () => {
  for (const [strategy, words] of Object.entries({ optimal: "some schedules", states: "some schedules", bounded: "no preemption" })) {
    const { code, lines } = await ran({ strategy, runs: 2 });
    expect(code).toBe(4);
    expect(lines[0]).toMatch(`after 2 runs there were more; ${words}, `);
  }
});

test("who cannot be stopped inside a call is tried in orders of whole calls, and that is said", async () => {
  const { lines } = await ran({ strategy: "random", runs: 20, adapter: ["fixtures/adapters/minimal"] });
  expect(lines[0]).toContain("20 random orders of calls (seed 1)");
  const few = await ran({ strategy: "bounded", adapter: ["fixtures/adapters/minimal"] });
  expect(few.lines[0]).toContain("at most 2 preemptions between calls, 2 runs");
});

test("one thread without choices takes one run, however many were asked for", async () => {
  expect((await ran({ case: [SEQUENTIAL], strategy: "random" })).lines[0]).toBe(`holds      ${SEQUENTIAL}  one run`);
});

test("a failure says how it was found", async () => {
  const found = async (options: Partial<RunOptions>): Promise<string | undefined> =>
    (await ran({ adapter: [BUG], ...options })).lines.find((line) => line.includes("found in"))?.trim();
  expect(await found({ strategy: "bounded" })).toMatch(/^found in run \d+; no schedule without a preemption shows a failure$/);
  expect(await found({ strategy: "pct", seed: 3 })).toMatch(/^found in (?:run \d+|the first run) of those that pct makes of seed 3$/);
});

test.each<[string, Partial<RunOptions>, string]>([
  ["a strategy that there is not", { strategy: "bonded" }, "there is no strategy bonded; did you mean bounded?"],
  ["a strategy like none that there is", { strategy: "x" }, "there is no strategy x; there are optimal, sleep-sets,"],
  ["a bound for what has none", { strategy: "random", bound: 2 }, "--bound is for --strategy bounded and --strategy pct"],
  ["a bound for every schedule", { bound: 2 }, "--bound is for --strategy bounded and --strategy pct"],
])("%s is the user's to mend", async (_, options, hint) => {
  await expect(ran(options)).rejects.toThrow(hint);
});

test("the help names every strategy, and a part of the runs does not take the place of a whole report", () => {
  const help = kvmConform("run", "--help").stdout.replaceAll(/\s+/g, " ");
  for (const each of EVERYBODY) expect(help).toContain(each);
  expect(help).toContain("(default: coverage/report, for every schedule of all cases on the reference or KVM)");
  expect(kvmConform("run", "--strategy", "random", "--runs", "1", "--fail-fast").stdout).not.toContain("log and JUnit");
});

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import type { FiledDisagreement, Spec } from "../case/spec";
import { readLog, type Log } from "../report/events";
import { Progress, type Screen } from "../report/progress";
import { run, type RunOptions } from "./run";

const { spec } = loadSpec(packageRoot());
const CASE = "vcpuid/the-limit-is-set-once";
const OTHER = "vcpuid/the-limit-itself-is-no-id";
/** It breaks the rule of CASE, and not that of OTHER. */
const BUG = "fixtures/bugs/vcpuid/the-last-limit-wins-03a";
/** A toy that says it is a kernel; it breaks the rule of OTHER. */
const KVM = "fixtures/faux/kvm-6.12";
const RUDE = (manner: string): string => `node fixtures/faux/rude.js "${manner}"`;

let out: string;

beforeEach(() => {
  out = join(mkdtempSync(join(tmpdir(), "kvm-conform-run-")), "made");
});

afterEach(() => rmSync(join(out, ".."), { recursive: true }));

async function ran(
  options: Partial<RunOptions>,
  stopper = { stopped: false },
  known: Spec = spec,
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(stripVTControlCharacters(line));
  return { code: await run(known, { adapter: ["reference"], case: [CASE, OTHER], out, ...options }, print, stopper), lines };
}

function log(folder = out): Log {
  const file = join(folder, "results.ndjson");
  return readLog(readFileSync(file, "utf8"), file);
}

test("all as expected is 0, with a whole log and a JUnit report", async () => {
  const { code, lines } = await ran({});
  expect(code).toBe(0);
  expect(log()).toMatchObject({
    header: { adapter: "reference", selected: 2, hello: { kind: "model", control: "step" } },
    verdicts: [{ case: CASE, verdict: "holds" }, { case: OTHER }],
    footer: { counts: { holds: 2 }, interrupted: false },
  });
  expect(readFileSync(join(out, "junit.xml"), "utf8")).toContain(`name="${CASE}"`);
  expect(lines.slice(-3)).toEqual(["reference: 2 holds", expect.stringMatching(/^\d+ runs, \d+ steps, /), `log and JUnit: ${out}`]);
});

describe("while it is told how far a run is", () => {
  /** What stands on a terminal after a run on the reference, which takes three milliseconds more for each world, and all that ever stood there. */
  async function terminal(progressOn?: (screen: Screen, now: () => number) => Progress): Promise<{ left: string[]; all: string }> {
    const adapter = join(out, "..", "slow.cjs");
    const lines = [
      `const { door } = require(${JSON.stringify(join(packageRoot(), "dist/reference/default.js"))}).default;`,
      "const wait = () => { for (const end = performance.now() + 3; performance.now() < end; ); };",
      "module.exports = { door: () => { const answer = door(); return (request) => (request.op === 'close' && wait(), answer(request)); } };",
    ];
    writeFileSync(adapter, lines.join("\n"));
    let [all, now] = ["", 0];
    const write = (text: string): void => void (all += text);
    // By this clock it is always time to say something.
    const progress = progressOn?.({ isTerminal: true, columns: () => 120, write }, () => (now += 10_000));
    const selected = { adapter: [adapter], case: ["apicv/a-vcpu-follows-the-mask-before-it-enters", CASE] };
    await run(spec, { ...selected, ...(progress && { progress }) }, (line) => write(`${line}\n`), { stopped: false });
    const left = all.split("\n").map((line) => stripVTControlCharacters(line.split("\r\u001b[K").at(-1) ?? ""));
    return { left: left.map((line) => line.replace(/, [\d.]+ s$/, "")), all };
  }

  test("the report is the same, and nothing else stays on its lines", async () => {
    const { left, all } = await terminal((...on) => new Progress(...on));
    expect(all).toMatch(/0 of 2 cases, \d+ s; [\d,]+ traces? of (at least )?[\d,]+.*, depth \d+; apicv\/a-vcpu-follows/);
    expect(left).toEqual((await terminal()).left);
  });

  test("a line that is not taken away would be seen here", async () => {
    class Careless extends Progress {
      override clear(): void {
        // It should.
      }
    }
    expect((await terminal((...on) => new Careless(...on))).left).not.toEqual((await terminal()).left);
  });
});

test("without a folder nothing is written", async () => {
  const lines: string[] = [];
  expect(await run(spec, { adapter: ["reference"], case: [CASE] }, (line) => void lines.push(line), { stopped: false })).toBe(0);
  expect(lines.join("\n")).not.toContain("log and JUnit");
  expect(existsSync(out)).toBe(false);
});

test("a broken rule is 1, and the other case keeps its verdict", async () => {
  const { code } = await ran({ adapter: [BUG] });
  expect(code).toBe(1);
  expect(log().verdicts.map(({ verdict }) => verdict)).toEqual(["broken", "holds"]);
});

test("with --fail-fast the first broken case is the last", async () => {
  const { code } = await ran({ adapter: [BUG], failFast: true });
  expect(code).toBe(1);
  expect(log().verdicts).toHaveLength(1);
  expect(log().header.selected).toBe(2);
});

test("a crash is 3, and the other case keeps its verdict", async () => {
  expect((await ran({ adapter: [RUDE("panics")] })).code).toBe(3);
  expect(log().verdicts.map(({ verdict }) => verdict)).toEqual(["crashed", "holds"]);
});

test("nothing selected is 4", async () => {
  expect((await ran({ exclude: ["*"] })).code).toBe(4);
});

test("an interrupted run is 130, with its log closed", async () => {
  const { code, lines } = await ran({}, { stopped: true });
  expect(code).toBe(130);
  expect(log().footer).toMatchObject({ counts: {}, interrupted: true });
  expect(lines).toContain("reference: nothing judged, 2 not judged (interrupted)");
});

test("several adapters are judged in turn, each with a folder of its own, and the gravest code counts", async () => {
  const rude = RUDE("none");
  const { code, lines } = await ran({ adapter: [rude, BUG, "reference"] });
  expect(code).toBe(1);
  const folders = readdirSync(out).map((folder) => log(join(out, folder)).header.adapter);
  expect(folders.sort()).toEqual([BUG, rude, "reference"].sort());
  expect(lines.filter((line) => /: \d (?:holds|broken)/.test(line)).map((line) => line.split(": ")[0])).toEqual([rude, BUG, "reference"]);
});

test("several adapters are laid side by side at the end", async () => {
  const { lines } = await ran({ adapter: ["reference", BUG] });
  const at = lines.findIndex((line) => /^\d+ rules +1 +2$/.test(line));
  expect(lines.slice(at + 1)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^vcpuid.limit.write-once +\+ +X$/), "    1 = reference", `    2 = ${BUG}`]),
  );
  expect((await ran({})).lines.join("\n")).not.toContain("1 = reference");
});

test("whole runs of KVM and of the reference have a place of their own, others have none", async () => {
  const home = out;
  const here = (adapter: string) => run(spec, { adapter: [adapter], case: [CASE], home }, () => undefined, { stopped: false });
  await here("reference");
  await here(BUG);
  expect(readdirSync(home).sort()).toEqual(["junit.xml", "results.ndjson"]);
});

test("which kernel was reached is said first: its version and limits, and what it lacks and why", async () => {
  const { lines } = await ran({ adapter: [KVM] });
  expect(lines.slice(0, 4)).toEqual([
    `${KVM}: toyhv (as a kernel) 1, judged as v6.12, qemu, svm; control free`,
    expect.stringContaining("  limits: max_vcpu_id 64"),
    "  lacks xen.evtchn, xen.runstate: KVM_CAP_XEN_HVM is 0",
    "",
  ]);
  expect(log().header.hello).toMatchObject({ kernel: "v6.12", traits: ["qemu", "svm"], absent: { "xen.evtchn": "KVM_CAP_XEN_HVM is 0" } });
});

test("an adapter that cannot be reached is told of, and takes nothing from the others", async () => {
  const { code, lines } = await ran({ adapter: ["/nowhere/adapter", "reference"] });
  expect(code).toBe(3);
  expect(lines[0]).toMatch(/^error: the adapter \/nowhere\/adapter: it cannot be started/);
  expect(log(join(out, "reference")).verdicts.map(({ verdict }) => verdict)).toEqual(["holds", "holds"]);
});

const ENTRY: FiledDisagreement = {
  rule: "vcpuid.limit.exclusive",
  kernel: "v6.12",
  observed: "the limit is an id",
  shown_by: "CREATE_VCPU(2) gives an fd",
  judgement: "kernel-bug",
  about: "An off-by-one.",
  place: "spec/disagreements.yaml:4",
};

test("a kernel that differs as the ledger says is as expected, and one that differs otherwise is broken", async () => {
  const known = { ...spec, disagreements: [ENTRY] };
  const { code, lines } = await ran({ adapter: [KVM] }, undefined, known);
  expect(code).toBe(0);
  expect(lines.filter((line) => /^differs|kernel-bug/.test(line.trim()))).toEqual([
    expect.stringMatching(`^differs +${OTHER} +returned, rule vcpuid.limit.exclusive$`),
    "           kernel-bug: the limit is an id (spec/disagreements.yaml:4)",
  ]);
  expect(lines.slice(-3)[0]).toBe(`${KVM}: 1 holds, 1 broken (1 as expected)`);
  expect(lines.join("\n")).not.toContain("again:");
  expect(log()).toMatchObject({ footer: { expected: 1, stale: [] } });
  expect(readFileSync(join(out, "junit.xml"), "utf8")).not.toContain("<failure");
  expect((await ran({ adapter: [KVM] })).code).toBe(1);
});

test("an entry that no longer matches is a failure, unless another kernel's rules were asked for", async () => {
  const known = { ...spec, disagreements: [ENTRY, { ...ENTRY, case: CASE, rule: "vcpuid.limit.write-once" as const, place: "ledger:9" }] };
  const { code, lines } = await ran({ adapter: [KVM] }, undefined, known);
  expect(code).toBe(1);
  const [stale] = lines.filter((line) => line.startsWith("stale"));
  expect(stale).toMatch(/^stale {6}ledger:9 says of vcpuid.limit.write-once .* but v6.12 keeps it/);
  expect(log().footer?.stale).toHaveLength(1);
  expect(readFileSync(join(out, "junit.xml"), "utf8")).toContain("ledger:9 says");
  expect((await ran({ adapter: [KVM], as: "v6.1" }, undefined, known)).lines.join("\n")).not.toContain("stale");
});

test("a folder that cannot be made is the user's mistake, and the adapter is not left waiting", async () => {
  await expect(ran({ adapter: [RUDE("none")], out: "/dev/null/out" })).rejects.toThrow(/^--out: .*\/dev\/null\/out/);
});

test("locks that two cases take the other way round are a failure, though both hold and no run deadlocks", async () => {
  const adapter = ["fixtures/bugs/lock/vcpus-locked-for-a-memslot-change"];
  const [gives, makes] = ["apicpg/two-vcpus-give-the-page-up-once", "apicpg/no-user-slot-over-the-page"];
  for (const each of [gives, makes]) expect((await ran({ adapter, case: [each] })).code).toBe(0);
  const { code, lines } = await ran({ adapter, case: [gives, makes] });
  expect(code).toBe(1);
  expect(log().verdicts.map(({ verdict, how }) => [verdict, how?.deadlocks])).toEqual([
    ["holds", 0],
    ["holds", 0],
  ]);
  expect(lines.filter((line) => line.includes("a cycle: "))).toEqual([
    "        a cycle: slots_lock > vcpu_mutex > slots_lock; no run of any case has to deadlock for that",
  ]);
  expect(lines.some((line) => /slots_lock \(memslots\..*\), then vcpu_mutex \(memslots\./.test(line))).toBe(true);
  expect(lines.some((line) => /vcpu_mutex \(access_page\..*\), then slots_lock \(access_page\./.test(line))).toBe(true);
});

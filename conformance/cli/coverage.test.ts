import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { broken, HEADER, verdict } from "../../tools/verdicts";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import type { Spec } from "../case/spec";
import { entryLine, footerOf, readLog, type Judged } from "../report/events";
import { coverage } from "./coverage";
import { folderOf } from "./logs";
import { Interrupted } from "./stop";

const CASE = "vcpuid/the-limit-is-set-once";
const shipped = loadSpec(packageRoot()).spec;
/** One case of the shipped spec, and its rules. */
const only = shipped.cases.get(CASE);
const rules = new Map([...shipped.rules].filter(([, { rule }]) => only?.rules.includes(rule)));
const spec: Spec = { ...shipped, rules, cases: new Map(only === undefined ? [] : [[CASE, only]]) };

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kvm-conform-coverage-"));
  for (const folder of ["spec", "dist", "reference", "coverage/report"]) mkdirSync(join(root, folder), { recursive: true });
  for (const source of ["spec/rule.yaml", "dist/main.js"]) {
    writeFileSync(join(root, source), "");
    utimesSync(join(root, source), 1, 1);
  }
  writeFileSync(join(root, "coverage/report/bugs.ndjson"), "");
});

afterEach(() => rmSync(root, { recursive: true }));

const log = (): string => join(root, "coverage/report/results.ndjson");

function leaveLog(verdicts: readonly Judged[], interrupted = false): void {
  writeFileSync(log(), [HEADER, ...verdicts, footerOf(verdicts, 1, interrupted)].map(entryLine).join(""));
}

/** What is printed, and what is said beside it. */
async function covered(
  options: Parameters<typeof coverage>[2] = {},
  stopped = false,
  of = spec,
): Promise<{ printed: string; said: string[] }> {
  const [printed, said]: string[][] = [[], []];
  await coverage(
    of,
    root,
    options,
    (line) => printed?.push(line),
    (line) => said?.push(line),
    { stopped },
  );
  return { printed: printed?.join("\n") ?? "", said: said ?? [] };
}

test("the figures for machines have the shape that was promised, and nothing else is printed", async () => {
  leaveLog([verdict({ case: CASE, nested: [{ outer: "kvm_lock", inner: "vcpu_mutex" }] })]);
  const { printed, said } = await covered({ json: true });
  const { rules: all, byNumber, realKernels, locks, ...rest } = JSON.parse(printed) as Record<string, Record<string, unknown>>;
  const columns = ["modelled", "tested", "exercised", "guarded", "excluded", "real"];
  expect(rest).toEqual({});
  const edges = [{ outer: "kvm_lock", inner: "vcpu_mutex", cases: [CASE] }];
  expect(locks).toEqual([{ of: "reference", graph: { classes: ["kvm_lock", "vcpu_mutex"], edges, cycles: [], forbidden: [], cases: 1 } }]);
  expect(realKernels).toEqual(Object.fromEntries([...rules.keys()].map((rule) => [rule, "not run here"])));
  expect(Object.keys(all ?? {})).toEqual(["stated", ...columns]);
  expect(all).toMatchObject({ stated: rules.size, tested: rules.size });
  expect(Object.keys(byNumber ?? {})).not.toEqual([]);
  for (const [number, counts] of Object.entries(byNumber ?? {})) {
    expect(number).toMatch(/^[A-Z]+-\d+$/);
    expect(Object.keys(counts as object)).toEqual(columns);
  }
  expect(said).toEqual([]);
});

test("the order of locks over all cases is below the table, if that is about locks", async () => {
  leaveLog([verdict({ case: CASE, nested: [{ outer: "kvm_lock", inner: "vcpu_mutex" }] })]);
  const all = { ...spec, rules: shipped.rules };
  const below = (await covered({ area: ["lock"] }, false, all)).printed.split("\n\n").at(-1);
  expect(below).toBe("reference: 1 nesting of 2 locks, told of by 1 case: no forbidden pair, no cycle");
  expect((await covered({ area: ["vcpuid"] }, false, all)).printed).not.toContain("nesting");
});

test("what real kernels said is beside it; a log that is old or was cut short says nothing, and how to make it again", async () => {
  leaveLog([verdict({ case: CASE })]);
  const rule = only?.rules[0] ?? "";
  const seen = { claims: 1, of: 1, rules: { [rule]: { claims: 1, of: 1 } }, unseen: [] };
  const leave = (adapter: string, kernel: string, interrupted = false): string => {
    const verdicts = [verdict({ case: CASE, rules: [...rules.keys()] as never, seen })];
    const header = { ...HEADER, adapter, hello: { ...HEADER.hello, kind: "kvm" as const, kernel } };
    const folder = join(root, "coverage/report", folderOf(adapter));
    mkdirSync(folder);
    writeFileSync(join(folder, "results.ndjson"), [header, ...verdicts, footerOf(verdicts, 1, interrupted)].map(entryLine).join(""));
    return join(folder, "results.ndjson");
  };
  leave("kvm", "v6.18");
  leave("kvm:qemu", "v6.12", true);
  utimesSync(leave("kvm:qemu,kernel=6.1", "v6.1"), 0, 0);
  const { printed, said } = await covered();
  expect(stripVTControlCharacters(printed)).toMatch(new RegExp(`^${rule} .* held 6\\.18$`, "m"));
  expect(said).toEqual([
    "the log of kvm:qemu is cut short: npx kvm-conform run --adapter kvm:qemu",
    "the log of kvm:qemu,kernel=6.1 is older than the spec: npx kvm-conform run --adapter kvm:qemu,kernel=6.1",
  ]);
});

test("an area that no rule is in is refused, with those that there are", async () => {
  leaveLog([verdict({ case: CASE })]);
  await expect(covered({ area: ["vcpu"] })).rejects.toThrow("no area vcpu; there are vcpuid");
});

test.each<[string, () => void]>([
  ["is missing", () => undefined],
  ["was interrupted", () => leaveLog([verdict({ case: CASE })], true)],
  ["lacks a case", () => leaveLog([])],
  ["was cut short", () => writeFileSync(log(), entryLine(HEADER))],
  [
    "is older than the spec",
    () => {
      leaveLog([broken({ case: CASE })]);
      utimesSync(log(), 0, 0);
    },
  ],
])("a log that %s is made again, and that is said", async (_, leave) => {
  leave();
  const { said } = await covered({ json: true });
  expect(said).toEqual(["judging the reference first"]);
  expect(readLog(readFileSync(log(), "utf8"), "log")).toMatchObject({ verdicts: [{ verdict: "holds" }], footer: { interrupted: false } });
});

test("a user who stops it gets no figures of half a suite", async () => {
  await expect(covered({}, true)).rejects.toThrow(Interrupted);
});

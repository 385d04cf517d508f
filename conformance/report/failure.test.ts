import { spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { broken, failure, RULE, VIOLATION } from "../../tools/verdicts";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { againCommand, failureReport, sourceOf } from "./failure";

const { spec } = loadSpec(packageRoot());
const report = (parts: Parameters<typeof failure>[0] = {}, expected = false): string =>
  stripVTControlCharacters(failureReport(broken({ expected }), failure(parts), spec, "reference").join("\n"));

test.each([
  "reference",
  "./my adapter.js",
  "python3 my.py --name 'two words'",
  'node rude.js "hangs and ignores SIGTERM"',
  "echo $HOME `id` \\ !",
  "",
])("a shell reads the adapter %j out of the printed command as it was given", (adapter) => {
  const line = againCommand(broken(), failure(), adapter).replace("npx kvm-conform", "printf '%s\\n'");
  const { stdout } = spawnSync("sh", ["-c", line], { encoding: "utf8" });
  expect(stdout.trimEnd().split("\n")).toEqual(["replay", "apicv/some-finding", "011", "--adapter", ...(adapter === "" ? [] : [adapter])]);
});

test("a run without steps has a schedule that a command line can hold", () => {
  expect(againCommand(broken(), failure({ schedule: "" }), "reference")).toContain(" apicv/some-finding - --adapter");
});

test("the rule comes first, then the claim and what happened, then the columns, and how to see it again last", () => {
  const text = report();
  const parts = [
    `rule ${RULE} (must)`,
    "always: not vcpu.0",
    "but after step 3: ",
    "P0  ",
    "found in",
    "source: ",
    "again:  npx kvm-conform",
  ];
  const places = parts.map((part) => text.indexOf(part));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test("all that the same run broke is told, and which run it was", () => {
  const other = { ...VIOLATION, rule: undefined, what: "P0 and P1 wait for each other" };
  const text = report({ violations: [VIOLATION, other], run: 7 });
  expect(text).toContain("also broken: built in: P0 and P1 wait for each other");
  expect(text).toContain("found in run 7");
});

const SHORTENED = { switches: 3, from: 14, replays: 20, stopped: undefined, leftOut: {} };

test("a shortened run says how many context switches it has, and how many the run had that found it", () => {
  expect(report({ shortened: SHORTENED })).toContain("3 context switches, 14 in the run that found it\n");
  expect(report({ shortened: { ...SHORTENED, from: 3 } })).toContain("3 context switches\n");
  expect(report({ shortened: { ...SHORTENED, switches: 1 } })).toContain("1 context switch, 14 in");
  expect(report()).not.toContain("context switch");
});

test("what a shortened run does without is told, and whether there was more to try", () => {
  const leftOut = { P1: ["vcpu.run", "guest.nop"], P2: ["mm.migrate"] };
  const text = report({ shortened: { ...SHORTENED, leftOut, stopped: "after 300 runs" } });
  expect(text).toContain("not needed: P1 vcpu.run, guest.nop; P2 mm.migrate\n");
  expect(text).toContain("in the run that found it; shortening ended after 300 runs\n");
  expect(report({ shortened: SHORTENED })).not.toMatch(/not needed|shortening ended/);
});

test("a run along a schedule that does not fit any more says where", () => {
  const diverged = "the schedule no longer fits after step 2: P1 cannot go on there";
  const verdict = broken();
  const how = { ...(verdict.how as NonNullable<typeof verdict.how>), diverged };
  const lines = failureReport({ ...verdict, how }, failure(), spec, "reference").map((line) => line.trim());
  expect(lines).toEqual(expect.arrayContaining([diverged, "it was followed as far as it goes"]));
});

test("what kernels of this version are known to break is not called news", () => {
  expect(report({}, true)).toContain("kernels of this version are known to break this rule");
  expect(report()).not.toContain("known to break");
});

test("a violation that no rule owns says so, and names no source", () => {
  const text = report({ violations: [{ ...VIOLATION, rule: undefined }] });
  expect(text).toContain("no rule: built in");
  expect(text).not.toContain("source:");
});

test("a source says who, when and where, and the version that changed it", () => {
  const rule = [...spec.rules.values()].find(({ changed, fixed }) => changed === undefined && fixed === undefined);
  if (rule === undefined) throw new Error("every rule names a version");
  const source = { author: "A. Author", date: "2021-05-26", subject: "A subject", commit: "0123456789ab", file: "arch/x86/kvm/x86.c" };
  expect(sourceOf({ ...rule, source, fixed: "v5.15" })).toBe(
    'A. Author, 2021-05-26, "A subject"; arch/x86/kvm/x86.c; 0123456789ab; fixed in v5.15',
  );
  expect(sourceOf({ ...rule, source, changed: "v5.14" })).toMatch(/; since v5\.14$/);
});

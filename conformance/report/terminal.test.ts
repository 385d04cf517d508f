import { stripVTControlCharacters } from "node:util";
import { broken, verdict } from "../../tools/verdicts";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import type { How } from "../verdict/verdict";
import { footerOf } from "./events";
import { failureLines, summaryLines, verdictLines } from "./terminal";

const { spec } = loadSpec(packageRoot());
const plain = (lines: string[]): string[] => lines.map(stripVTControlCharacters);
const line = (parts: Parameters<typeof verdict>[0]): string | undefined => plain(verdictLines(verdict(parts), 20))[0];
const HOW = verdict().how;

test("a case that holds says how hard it was tried", () => {
  expect(line({})).toBe("holds      apicv/some-finding    every schedule, 3 runs and 1 cut short");
  expect(line({ how: HOW && { ...HOW, covered: "one run", runs: 1, redundant: 0 } })).toBe("holds      apicv/some-finding    one run");
});

test.each<[Partial<How>, string]>([
  [{}, "every schedule, 3 runs and 1 cut short"],
  [{ control: "call", covered: "every order of calls" }, "every order of calls, 3 runs and 1 cut short"],
  [{ states: 1234 }, "every schedule, 1,234 states, 3 runs and 1 cut short"],
  [{ covered: "few preemptions", preemptions: 2, redundant: 0 }, "at most 2 preemptions, 3 runs"],
  [{ covered: "few preemptions", preemptions: 0, redundant: 0 }, "no preemption, 3 runs"],
  [{ covered: "few preemptions", preemptions: 1, redundant: 0, control: "call" }, "at most 1 preemption between calls, 3 runs"],
  [{ covered: "random runs", seed: 7, runs: 1000, redundant: 0 }, "1,000 random runs (seed 7)"],
  [{ covered: "random runs", seed: 7, runs: 50, redundant: 0, control: "call" }, "50 random orders of calls (seed 7)"],
  [{ covered: "random runs", seed: 7, changes: 1, runs: 1, redundant: 0 }, "1 random run (seed 7, 1 change of priority each)"],
])("what was done is said in words (%#)", (how, words) => {
  const held = { how: HOW && { ...HOW, ...how } };
  expect(line(held)).toBe(`holds      apicv/some-finding    ${words}`);
  const cut = line({ ...held, verdict: "unfinished", reason: "after 3 runs there were more" });
  expect(cut).toBe(`unfinished apicv/some-finding    after 3 runs there were more; ${words}`);
});

test("a case that holds says what it could not see, and how often a loop was followed", () => {
  expect(line({ seen: { claims: 2, of: 5, rules: {}, unseen: [] } })).toMatch(/, 2 of 5 claims seen$/);
  expect(line({ how: HOW && { ...HOW, retries: true } })).toMatch(/, at most 1 fruitless retry$/);
});

test("a case that was not judged says why", () => {
  expect(line({ verdict: "untestable", reason: "no call guest.wrmsr" })).toBe("untestable apicv/some-finding    no call guest.wrmsr");
  expect(line({ verdict: "crashed", reason: "it was ended by SIGKILL" })).toMatch(/^crashed .* it was ended by SIGKILL$/);
});

test("a broken case names the kind and the rule, and its report follows later in full", () => {
  expect(plain(verdictLines(broken(), 20))).toEqual(["broken     apicv/some-finding    always, rule apicv.inhibit.kick-first"]);
  expect(plain(failureLines([verdict(), broken()], spec, "reference")).join("\n")).toContain("again:  npx kvm-conform replay");
  expect(failureLines([verdict()], spec, "reference")).toEqual([]);
});

test("what a case promised to reach and did not stands below it", () => {
  const lines = plain(verdictLines(verdict({ findings: [{ kind: "not shown", text: "apicv.inhibited" }] }), 20));
  expect(lines).toHaveLength(2);
  expect(lines[1]?.trim()).toBe("not shown: apicv.inhibited");
});

test("the summary counts all, and tells what was not judged and that it was interrupted", () => {
  const verdicts = [verdict(), verdict(), broken()];
  expect(plain(summaryLines("reference", footerOf(verdicts, 1.25, false), 3))).toEqual([
    "",
    "reference: 2 holds, 1 broken",
    "12 runs, 120 steps, 1.3 s",
  ]);
  expect(plain(summaryLines("reference", footerOf(verdicts, 1, true), 5))[1]).toBe(
    "reference: 2 holds, 1 broken, 2 not judged (interrupted)",
  );
  expect(plain(summaryLines("reference", footerOf([], 0, false), 0))[1]).toBe("reference: nothing judged");
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Judged, Log } from "../conformance/report/events";
import type { Case, Rule, RuleId } from "../spec/generated/types";
import { broken, failure, HEADER, verdict, VIOLATION } from "../tools/verdicts";
import { coverageTable } from "./render";
import { figures, marksIn, ruleCoverage, type BugResult, type RuleCoverage, type Stated } from "./rules";

/** One rule has everything; each of the others lacks what its name says, and what follows from that. */
const NAMES = ["whole", "unmodelled", "untested", "not-passed", "unseen", "unguarded", "survived", "left-out"];
const id = (name: string): RuleId => `toy.rule.${name}` as RuleId;

function stated(name: string): Rule & { area: string } {
  const source = { author: "A. Author", date: "2024-01-01", subject: "A subject" };
  const rule: Rule = { rule: id(name), says: "It MUST.", level: "must", states: ["TOY-01"], feature: "vcpu", source };
  return { ...rule, area: "toy", ...(name === "left-out" && { excluded: "nothing shows it", states: ["TOY-01", "TOY-02"] }) };
}

function caseOf(name: string): Case {
  return { case: `toy/${name}`, about: "It.", rules: [id(name)], given: { backend: "none" } };
}

function bug(name: string, caught: boolean): BugResult {
  const how = { case: `toy/${name}`, kind: "returned", run: 1, schedule: "0" };
  return { type: "bug", bug: `toy/breaks-${name}`, breaks: id(name), caught: caught ? how : undefined, cases: 1 };
}

const SPEC: Stated = {
  rules: new Map(NAMES.map((name) => [id(name), stated(name)])),
  cases: new Map(NAMES.filter((name) => name !== "untested" && name !== "left-out").map((name) => [`toy/${name}`, caseOf(name)])),
};

const LOG: Log = {
  header: HEADER,
  verdicts: [...SPEC.cases.values()].map(({ case: named, rules }) => {
    const [rule = id("whole")] = rules;
    const claims = named === "toy/unseen" ? 0 : 1;
    const marks = named === "toy/not-passed" || named === "toy/unmodelled" ? [] : [rule];
    return verdict({ case: named, rules, marks, seen: { claims, of: 1, rules: { [rule]: { claims, of: 1 } }, unseen: [] } });
  }),
  footer: undefined,
};

/** A real kernel that holds one rule, breaks another, and cannot be asked of the others. */
const KERNEL: Log = {
  header: { ...HEADER, adapter: "kvm", hello: { ...HEADER.hello, kind: "kvm", kernel: "v6.12" } },
  verdicts: LOG.verdicts.map((each): Judged => {
    if (each.case === "toy/whole") return each;
    if (each.case === "toy/unmodelled")
      return broken({ ...each, verdict: "broken", failure: failure({ violations: [{ ...VIOLATION, rule: id("unmodelled") }] }) });
    return { ...each, verdict: "unclaimed", reason: "does not claim avic (no such CPU)" };
  }),
  footer: undefined,
};

const UNGUARDED = ["untested", "unguarded", "survived", "left-out"];
const BUGS = [...NAMES.filter((name) => !UNGUARDED.includes(name)).map((name) => bug(name, true)), bug("survived", false)];

let root: string;
let table: RuleCoverage[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "kvm-conform-rules-"));
  mkdirSync(join(root, "reference", "apic"), { recursive: true });
  const marks = NAMES.filter((name) => name !== "unmodelled" && name !== "left-out").map((name) => `  rule("${id(name)}");`);
  writeFileSync(join(root, "reference", "apic", "toy.ts"), ["function toy() {", ...marks, "}", ""].join("\n"));
  writeFileSync(join(root, "reference", "toy.test.ts"), `rule("${id("unmodelled")}");\n`);
  table = ruleCoverage(SPEC, root, LOG, BUGS, [KERNEL]);
});

afterAll(() => rmSync(root, { recursive: true }));

const COLUMNS = ["modelled", "tested", "exercised", "guarded"] as const;

test.each<[string, (typeof COLUMNS)[number][]]>([
  ["whole", []],
  ["unmodelled", ["modelled", "exercised"]],
  ["untested", ["tested", "exercised", "guarded"]],
  ["not-passed", ["exercised"]],
  ["unseen", ["exercised"]],
  ["unguarded", ["guarded"]],
  ["survived", ["guarded"]],
  ["left-out", ["modelled", "tested", "exercised", "guarded"]],
])("what is missing of a rule that is %s is exactly %j", (name, missing) => {
  const found = table.find(({ rule }) => rule === id(name));
  expect(COLUMNS.filter((column) => found?.[column].length === 0)).toEqual(missing);
});

test("each column says where: file and line, cases, bugs", () => {
  expect(table.find(({ rule }) => rule === id("whole"))).toEqual({
    rule: "toy.rule.whole",
    area: "toy",
    level: "must",
    numbers: ["TOY-01"],
    modelled: ["reference/apic/toy.ts:2"],
    tested: ["toy/whole"],
    exercised: ["toy/whole"],
    guarded: ["toy/breaks-whole"],
    structural: false,
    excluded: undefined,
    real: { versions: { held: ["6.12"] }, otherwise: undefined },
  });
});

test("a rule that is named in a test of the model is not modelled by that", () => {
  expect([...marksIn(root).keys()]).not.toContain(id("unmodelled"));
});

test("the figures count rules, and those of each requirement number", () => {
  expect(figures(table)).toEqual({
    rules: { stated: 8, modelled: 6, tested: 6, exercised: 3, guarded: 4, excluded: 1, real: 1 },
    byNumber: {
      "TOY-01": { modelled: 6, tested: 6, exercised: 3, guarded: 4, excluded: 1, real: 1 },
      "TOY-02": { modelled: 0, tested: 0, exercised: 0, guarded: 0, excluded: 1, real: 0 },
    },
    realKernels: {
      ...Object.fromEntries(NAMES.map((name) => [id(name), "not in reach (avic)"])),
      [id("whole")]: "held 6.12",
      [id("unmodelled")]: "broken 6.12",
      [id("untested")]: "not run here",
      [id("left-out")]: "not run here",
    },
  });
});

test("the table has a line for each rule, and what is missing is a dash", () => {
  const lines = coverageTable(table, figures(table)).map(stripVTControlCharacters);
  const cells = (name: string): string[] | undefined => lines.find((line) => line.startsWith(`${id(name)} `))?.split(/ {2,}/);
  expect(lines[0]?.split(/ {2,}/)).toEqual(["rule", "stated", "modelled", "tested", "exercised", "guarded", "real kernel"]);
  expect(cells("whole")).toEqual([id("whole"), "must", "apic/toy.ts:2", "1 case", "1 of 1", "breaks-whole", "held 6.12"]);
  expect(cells("untested")).toEqual([id("untested"), "must", "apic/toy.ts:3", "-", "-", "-", "not run here"]);
  expect(cells("not-passed")?.[4]).toBe("0 of 1");
  expect(cells("left-out")?.[2]).toBe("excluded");
  expect(lines.at(-1)?.split(/ {2,}/)).toEqual(["8 rules", "8", "6", "6", "3", "4", "held 1"]);
});

/**
 * What is known about each rule, in five columns: stated in spec/rules; modelled, a `rule(id)` in
 * reference/ marks the code; tested, a claim of a case is its own; exercised, that code was passed
 * while such a case ran and a claim of the rule was seen; guarded, a bug that breaks it fails a
 * claim of it. Beside them, what real kernels said. All of it is read from files and event logs;
 * nothing is run here.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Log } from "../conformance/report/events";
import type { Case, Rule } from "../spec/generated/types";
import { inWords, isHeld, onRealKernels, type OnRealKernels } from "./standings";

/** What the spec states, by id. */
export interface Stated {
  readonly rules: ReadonlyMap<string, Rule & { readonly area: string }>;
  readonly cases: ReadonlyMap<string, Case>;
}

/** One line of the table. */
export interface RuleCoverage {
  readonly rule: string;
  readonly area: string;
  readonly level: string;
  readonly numbers: readonly string[];
  /** Where it is marked: `reference/apic/apicv.ts:41`. */
  readonly modelled: readonly string[];
  /** The cases with a claim of it. */
  readonly tested: readonly string[];
  /** Those of them in which its mark was passed and a claim of it was seen. */
  readonly exercised: readonly string[];
  /** The bugs that a claim of it caught. */
  readonly guarded: readonly string[];
  /** About structure that no behaviour shows. */
  readonly structural: boolean;
  readonly excluded: string | undefined;
  readonly real: OnRealKernels;
}

/** What became of one bug: the case and the claim that caught it, if any did. */
export interface BugResult {
  readonly type: "bug";
  readonly bug: string;
  readonly breaks: string;
  readonly caught: { readonly case: string; readonly kind: string; readonly run: number; readonly schedule: string } | undefined;
  /** How many cases were tried on it. */
  readonly cases: number;
}

/** The table, by rule id. */
export function ruleCoverage(
  spec: Stated,
  root: string,
  reference: Log,
  bugs: readonly BugResult[],
  kernels: readonly Log[],
): RuleCoverage[] {
  const marks = marksIn(root);
  return [...spec.rules.values()]
    .map((rule): RuleCoverage => {
      const id = rule.rule;
      const testing = [...spec.cases.values()].filter((each) => each.rules.includes(id));
      const cases = testing.map((each) => each.case);
      const verdicts = reference.verdicts.filter((verdict) => cases.includes(verdict.case));
      return {
        rule: id,
        area: rule.area,
        level: rule.level,
        numbers: rule.states,
        modelled: marks.get(id) ?? [],
        tested: cases,
        exercised: verdicts
          .filter(({ marks: passed, seen }) => passed.includes(id) && (seen.rules[id]?.claims ?? 0) > 0)
          .map((each) => each.case),
        guarded: bugs.filter((bug) => bug.breaks === id && bug.caught !== undefined).map((each) => each.bug),
        structural: rule.structural === true,
        excluded: rule.excluded,
        real: onRealKernels(id, testing, kernels),
      };
    })
    .sort((a, b) => a.rule.localeCompare(b.rule));
}

/** Every `rule("...")` in reference/, by rule: file and line. */
export function marksIn(root: string): Map<string, string[]> {
  const marks = new Map<string, string[]>();
  for (const file of readdirSync(join(root, "reference"), { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const path = join(root, "reference", file);
    readFileSync(path, "utf8")
      .split("\n")
      .forEach((line, i) => {
        for (const [, id = ""] of line.matchAll(/\brule\("([^"]+)"\)/g))
          marks.set(id, [...(marks.get(id) ?? []), `${relative(root, path)}:${i + 1}`]);
      });
  }
  return marks;
}

type Column = "modelled" | "tested" | "exercised" | "guarded";

/** How many rules, or how many of those that state a number, have each column; `real` is held by a real kernel. */
export type Counts = Record<Column | "excluded" | "real", number>;

/** The figures for machines: counts of rules, in all and for each requirement number. */
export interface Figures {
  readonly rules: Counts & { readonly stated: number };
  readonly byNumber: Readonly<Record<string, Counts>>;
  /** For each rule, in a few words, what real kernels said. */
  readonly realKernels: Readonly<Record<string, string>>;
}

export function figures(table: readonly RuleCoverage[]): Figures {
  const numbers = [...new Set(table.flatMap((row) => row.numbers))].sort();
  return {
    rules: { stated: table.length, ...counts(table) },
    byNumber: Object.fromEntries(numbers.map((number) => [number, counts(table.filter((row) => row.numbers.includes(number)))])),
    realKernels: Object.fromEntries(table.map(({ rule, real }) => [rule, inWords(real)])),
  };
}

function counts(rows: readonly RuleCoverage[]): Counts {
  const having = (column: Column): number => rows.filter((row) => row[column].length > 0).length;
  return {
    modelled: having("modelled"),
    tested: having("tested"),
    exercised: having("exercised"),
    guarded: having("guarded"),
    excluded: rows.filter((row) => row.excluded !== undefined).length,
    real: rows.filter(({ real }) => isHeld(real)).length,
  };
}

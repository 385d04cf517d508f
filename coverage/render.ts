/** The coverage table for a reader. */
import pc from "picocolors";
import type { Figures, RuleCoverage } from "./rules";
import { inWords } from "./standings";

const HEAD = ["rule", "stated", "modelled", "tested", "exercised", "guarded", "real kernel"];

/** A line for each rule, then the totals; what is missing stands out. */
export function coverageTable(table: readonly RuleCoverage[], { rules }: Figures): string[] {
  const rows = table.map((row) => [
    row.rule,
    row.level,
    modelled(row),
    cases(row.tested.length),
    exercised(row),
    guarded(row),
    inWords(row.real),
  ]);
  const total = ["", rules.stated, rules.modelled, rules.tested, rules.exercised, rules.guarded, `held ${rules.real}`].map((cell, i) =>
    i === 0 ? `${rules.stated} rules` : String(cell),
  );
  const widths = HEAD.map((head, i) => Math.max(head.length, ...[...rows, total].map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [pc.bold(line(HEAD)), ...rows.map((row) => line(row).replace(/ -(?= |$)/g, pc.yellow(" -"))), "", line(total)];
}

function modelled({ modelled: marks, excluded, structural }: RuleCoverage): string {
  if (excluded !== undefined) return "excluded";
  const [first, ...others] = marks;
  if (first === undefined) return structural ? "structural" : "-";
  return `${first.replace("reference/", "")}${others.length > 0 ? ` +${others.length}` : ""}`;
}

function exercised({ tested, exercised: passed }: RuleCoverage): string {
  return tested.length === 0 ? "-" : `${passed.length} of ${tested.length}`;
}

function guarded({ guarded: bugs }: RuleCoverage): string {
  const [first, ...others] = bugs.map((bug) => bug.slice(bug.indexOf("/") + 1));
  return first === undefined ? "-" : `${first}${others.length > 0 ? ` +${others.length}` : ""}`;
}

function cases(n: number): string {
  return n === 0 ? "-" : `${n} case${n === 1 ? "" : "s"}`;
}

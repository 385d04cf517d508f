/** Checks spec/disagreements.yaml, the ledger of what real kernels do otherwise than the rules say. */
import type { Disagreement, Ledger } from "../../spec/generated/types";
import { ledgerFile } from "../../spec/generated/validators";
import { checkSchema, say } from "./schema";
import type { Path, Source } from "./source";
import { caseIds, caseIn, type FiledDisagreement, type Spec } from "./spec";
import { compareVersions } from "./versions";
import { unknown } from "./wants";

/** The name of the ledger's file. */
export const LEDGER = "disagreements.yaml";

/** The entries that a source holds; none, with problems reported to the source, if anything is wrong. */
export function checkLedger(source: Source, spec: Pick<Spec, "rules" | "cases" | "deep">): FiledDisagreement[] {
  if (!checkSchema(source, "LEDGER", ledgerFile)) return [];
  const { disagreements } = source.value as Ledger;
  const seen = new Set<string>();
  for (const [i, entry] of disagreements.entries()) {
    const path = ["disagreements", i];
    checkNames(source, path, entry, spec);
    checkKernels(source, path, entry);
    const key = JSON.stringify([entry.rule, entry.case, entry.kernel, [...(entry.on ?? [])].sort()]);
    if (seen.has(key))
      source.report("LEDGER-013", path, { message: "an entry before this one is about the same", hint: "make one of the two" });
    seen.add(key);
  }
  if (source.problems.length > 0) return [];
  return disagreements.map((entry, i) => ({ ...entry, place: `${source.file}:${String(source.lineOf(["disagreements", i]))}` }));
}

function checkNames(source: Source, path: Path, { rule, case: id }: Disagreement, spec: Pick<Spec, "rules" | "cases" | "deep">): void {
  const { rules } = spec;
  if (!rules.has(rule)) source.report("LEDGER-010", [...path, "rule"], unknown("rule", rule, rules.keys(), "spec/rules/"));
  if (id === undefined) return;
  const what = caseIn(spec, id);
  if (what === undefined) source.report("LEDGER-011", [...path, "case"], unknown("case", id, caseIds(spec), "`kvm-conform list`"));
  else if (rules.has(rule) && !what.rules.includes(rule))
    source.report("LEDGER-012", [...path, "case"], {
      message: `${id} is not about ${rule}`,
      hint: `its rules: ${what.rules.join(", ")}`,
    });
}

function checkKernels(source: Source, path: Path, { kernel, on, judgement }: Disagreement): void {
  const [from, to] = kernel?.split(" ") ?? [];
  if (from !== undefined && to !== undefined && compareVersions(from.slice(2), to.slice(1)) >= 0)
    source.report("LEDGER-014", [...path, "kernel"], { message: `no version is ${say(kernel)}`, hint: "the older one stands first" });
  if (kernel === undefined && on === undefined && judgement !== "model-fixed")
    source.report("LEDGER-015", path, {
      message: "this is about every real kernel",
      hint: "say on which, with `kernel` or `on`; if it is on all, the rule is wrong: mend rule and model",
    });
}

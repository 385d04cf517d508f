/** Checks spec/equivalents.yaml: mistakes that no case can show, each with the argument why. */
import type { Equivalent, EquivalentsFile } from "../../spec/generated/types";
import { equivalentsFile } from "../../spec/generated/validators";
import { checkSchema, say } from "./schema";
import type { Source } from "./source";
import type { Spec } from "./spec";
import { unknown } from "./wants";

/** How a mistake that is listed in a file of rules is named: its requirement and its letter. */
const LISTED = /^([A-Z]+-\d{2})([a-z])$/;

/** The equivalents that a source holds; none, with problems reported to the source, if anything is wrong. */
export function checkEquivalents(source: Source, { rules, mistakes }: Pick<Spec, "rules" | "mistakes">): readonly Equivalent[] {
  if (!checkSchema(source, "EQUIV", equivalentsFile)) return [];
  const { equivalents } = source.value as EquivalentsFile;
  const listed = mistakeNames(mistakes);
  for (const [i, { mutant, rule }] of equivalents.entries()) {
    const path = ["equivalents", i];
    if (!rules.has(rule)) source.report("EQUIV-010", [...path, "rule"], unknown("rule", rule, rules.keys(), "spec/rules/"));
    if (LISTED.test(mutant) && !listed.includes(mutant))
      source.report("EQUIV-011", [...path, "mutant"], unknown("mistake", mutant, listed, "the `mistakes` of spec/rules/"));
    if (equivalents.findIndex((each) => each.mutant === mutant) < i)
      source.report("EQUIV-012", [...path, "mutant"], { message: `${say(mutant)} is here twice`, hint: "keep one argument" });
  }
  return source.problems.length > 0 ? [] : equivalents;
}

/** The names of all listed mistakes: VCPUID-03a, VCPUID-03b ... */
export function mistakeNames(mistakes: Spec["mistakes"]): string[] {
  return [...mistakes].flatMap(([number, each]) => each.map((_, i) => `${number}${String.fromCharCode(97 + i)}`));
}

/** Checks one case: its schema, its id, the rules that its claims belong to, and then each of its parts. */
import type { Case, Pattern, RuleId } from "../../spec/generated/types";
import { caseFile } from "../../spec/generated/validators";
import { checkCalls } from "./calls";
import { claimsOf, readsOf } from "./claims";
import { checkPatterns } from "./patterns";
import { checkSchema, say } from "./schema";
import type { Source } from "./source";
import { caseIn, type FiledCase, type Spec } from "./spec";
import { checkThreads } from "./threads";
import { checkGiven } from "./vcpus";
import { type Checked, unknown } from "./wants";

/** The case that a source holds, or undefined with problems reported to the source. */
export function checkCase(source: Source, spec: Spec): FiledCase | undefined {
  if (!checkSchema(source, "CASE", caseFile)) return undefined;
  const body = source.value as Case;
  const checked = { source, spec, body };
  checkId(checked);
  checkShape(checked);
  checkRules(checked);
  checkGiven(checked);
  checkCalls(checked);
  checkPatterns(checked);
  checkThreads(checked);
  return source.problems.length === 0 ? { ...body, file: source.file } : undefined;
}

/** The id that a file's place asks for: cases/area/finding.yaml. */
function idOfPlace(file: string): string | undefined {
  return /(?:^|.*\/)cases\/(.+)\.yaml$/.exec(file.replaceAll("\\", "/"))?.[1];
}

function checkId({ source, spec, body }: Checked): void {
  const place = idOfPlace(source.file);
  const shipped = caseIn(spec, body.case);
  if (place !== undefined && place !== body.case)
    source.report("CASE-010", ["case"], {
      message: `the id of this file is ${place}`,
      hint: `case: ${place}, or move the file to cases/${body.case}.yaml`,
    });
  else if (shipped !== undefined)
    source.report("ID-004", ["case"], { message: `${body.case} is ${shipped.file}`, hint: "give this case an id of its own" });
}

function checkRules({ source, spec, body }: Checked): void {
  for (const [i, rule] of body.rules.entries())
    if (!spec.rules.has(rule)) source.report("CASE-011", ["rules", i], unknown("rule", rule, spec.rules.keys(), "spec/rules/"));
  const claimed = new Set<RuleId>();
  for (const { path, rule } of claimsOf(body)) {
    const only = body.rules.length === 1 ? body.rules[0] : undefined;
    const owner = rule ?? only;
    if (owner === undefined)
      source.report("CASE-020", path, {
        message: "this does not say which rule it belongs to",
        hint: `rule: one of ${body.rules.join(", ")}`,
      });
    else if (!body.rules.includes(owner))
      source.report("CASE-021", [...path, "rule"], {
        message: `${say(owner)} is not among the rules of this case`,
        hint: `rules: [${[...body.rules, owner].join(", ")}]`,
      });
    else claimed.add(owner);
  }
  checkAllClaimed({ source, spec, body }, claimed);
}

function checkAllClaimed({ source, body }: Checked, claimed: ReadonlySet<RuleId>): void {
  if (source.problems.length > 0) return;
  for (const [i, rule] of body.rules.entries())
    if (!claimed.has(rule))
      source.report("CASE-022", ["rules", i], { message: `no claim belongs to ${rule}`, hint: "claim something of it, or remove it" });
}

/** A claim is a pattern, or an implication; and either names something that must hold. */
function checkShape({ source, body }: Checked): void {
  for (const key of ["always", "finally"] as const)
    for (const [i, claim] of (body[key] ?? []).entries()) {
      const { rule: _, if: condition, then: consequence, ...pattern } = claim;
      if (condition !== undefined && saysSomething(pattern as Pattern))
        source.report("CASE-008", [key, i], { message: "a claim has `if` and `then`, or reads of its own", hint: "make two claims of it" });
      else if (!saysSomething(consequence ?? (pattern as Pattern)))
        source.report("CASE-023", [key, i], { message: "nothing is said here that must hold" });
    }
}

function saysSomething(pattern: Pattern): boolean {
  return pattern.any_of !== undefined || readsOf(pattern).length > 0;
}

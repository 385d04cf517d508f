/** Checks the patterns of a case: the reads that they name, and what they want of them. */
import type { Pattern } from "../../spec/generated/types";
import { readValue } from "../../spec/generated/validators";
import { type PlacedPattern, patternsOf, readsOf } from "./claims";
import { declaredAs } from "./names";
import { say } from "./schema";
import type { Path, Said } from "./source";
import { type Checked, checkWant, unknown } from "./wants";
import { checkVcpu } from "./vcpus";

/** Reports all that is wrong with the patterns of a case. */
export function checkPatterns(checked: Checked): void {
  for (const placed of patternsOf(checked.body)) checkPattern(checked, placed);
}

function checkPattern(checked: Checked, placed: PlacedPattern): void {
  const { pattern, path, boundBy } = placed;
  const { source, spec } = checked;
  if (pattern.unlocked !== undefined && !spec.locks.has(pattern.unlocked))
    source.report("CASE-015", [...path, "unlocked"], unknown("lock", pattern.unlocked, spec.locks.keys(), "spec/locks.yaml"));
  for (const [i, inner] of (pattern.any_of ?? []).entries())
    checkPattern(checked, { ...placed, pattern: inner, path: [...path, "any_of", i] });
  for (const [name, want] of readsOf(pattern)) {
    const at = [...path, name];
    const declared = checkRead(checked, at, name, true);
    if (boundBy !== undefined && hasStar(name) && !bindsStar(boundBy))
      source.report("CASE-044", at, {
        message: `nothing in \`if\` says which one \`*\` is`,
        hint: "name one, or use `*` in `if` too",
        atKey: true,
      });
    const otherRead = (other: string, place: Path): void => {
      checkRead(checked, place, other, false);
      if (hasStar(other) && !hasStar(name))
        source.report("CASE-044", place, { message: `nothing says which one \`*\` is in ${say(other)}`, hint: "name one" });
    };
    const refuses = (value: unknown): (Said & { code: "CASE-035" }) | undefined =>
      declared === undefined || readValue.get(declared)?.(value) !== false
        ? undefined
        : { code: "CASE-035", ...impossible(checked, declared, value) };
    checkWant(checked, at, want, { refuses, stepping: placed.stepping, otherRead });
  }
}

/** The declared name of a read; reports one that no table declares. */
function checkRead(checked: Checked, path: Path, name: string, atKey: boolean): string | undefined {
  const { source, spec } = checked;
  const declared = declaredAs(spec.reads.keys(), name);
  if (declared === undefined) source.report("CASE-013", path, { ...unknown("read", name, spec.reads.keys(), "spec/reads.yaml"), atKey });
  const [first, second] = name.split(".");
  if (declared?.startsWith("vcpu.*.") === true && first === "vcpu" && second !== "*") checkVcpu(checked, path, second ?? "", atKey);
  return declared;
}

function impossible({ spec }: Checked, declared: string, value: unknown): Said {
  return { message: `${declared} is never ${say(value)}`, hint: `its values: ${JSON.stringify(spec.reads.get(declared)?.type)}` };
}

const hasStar = (name: string): boolean => name.split(".").includes("*");

function bindsStar(pattern: Pattern): boolean {
  return readsOf(pattern).some(([name]) => hasStar(name)) || (pattern.any_of ?? []).some(bindsStar);
}

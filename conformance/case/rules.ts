/** Checks one file of rules, spec/rules/area.yaml. */
import type { Rule, RuleFile } from "../../spec/generated/types";
import { ruleFile } from "../../spec/generated/validators";
import { declaredAs } from "./names";
import { checkSchema, say } from "./schema";
import type { Path, Source } from "./source";
import type { FiledRule, Vocabulary } from "./spec";
import { unknown } from "./wants";

/** What a file of rules holds. */
export interface Area {
  readonly rules: readonly FiledRule[];
  /** The known mistakes of a requirement, by its number. */
  readonly mistakes: Readonly<Record<string, readonly string[]>>;
}

/** The rules and mistakes that a source holds; none, with problems reported to the source, if anything is wrong. */
export function checkRuleFile(source: Source, vocabulary: Vocabulary): Area {
  if (!checkSchema(source, "RULE", ruleFile)) return { rules: [], mistakes: {} };
  const { area, rules, mistakes = {} } = source.value as RuleFile;
  const place = /([^/\\]*)\.yaml$/.exec(source.file)?.[1] ?? "";
  if (area !== place) source.report("RULE-010", ["area"], { message: `this file is of the area ${place}`, hint: `area: ${place}` });
  const seen = new Set<string>();
  for (const [i, rule] of rules.entries()) {
    const path = ["rules", i];
    if (rule.rule.split(".")[0] !== area)
      source.report("RULE-011", [...path, "rule"], {
        message: `${say(rule.rule)} does not begin with ${area}`,
        hint: "the first word of an id is its area",
      });
    if (seen.has(rule.rule))
      source.report("ID-001", [...path, "rule"], { message: `${say(rule.rule)} is here twice`, hint: "give one of them another id" });
    seen.add(rule.rule);
    checkNames(source, path, rule, vocabulary);
    checkLevel(source, path, rule);
    checkVersions(source, path, rule, rules);
  }
  if (source.problems.length > 0) return { rules: [], mistakes: {} };
  return { rules: rules.map((rule) => ({ ...rule, area, file: source.file })), mistakes };
}

function checkNames(source: Source, path: Path, rule: Rule, { features, reads, events }: Vocabulary): void {
  if (!features.has(rule.feature))
    source.report("RULE-012", [...path, "feature"], unknown("feature", rule.feature, features.keys(), "spec/features.yaml"));
  const known = [...reads.keys(), ...events.keys()];
  for (const [i, name] of (rule.shown_by ?? []).entries())
    if (declaredAs(known, name) === undefined)
      source.report("RULE-013", [...path, "shown_by", i], unknown("read or event", name, known, "spec/reads.yaml or spec/events.yaml"));
}

function checkLevel(source: Source, path: Path, { says, level }: Rule): void {
  const said = says.includes("MUST") ? "must" : "should";
  if (said !== level)
    source.report("RULE-014", [...path, "level"], { message: `the sentence says ${said.toUpperCase()}`, hint: `level: ${said}` });
}

function checkVersions(source: Source, path: Path, rule: Rule, rules: readonly Rule[]): void {
  const { before, changed, fixed } = rule;
  if (fixed !== undefined && (before ?? changed) !== undefined)
    source.report("RULE-015", [...path, "fixed"], {
      message: "a rule that is asked of every version has no `before` or `changed`",
      hint: "`fixed` is for a bug, `before` and `changed` are for an ABI that moved",
      atKey: true,
    });
  const follows = (other: Rule): boolean => other.changed === before && other.states.some((number) => rule.states.includes(number));
  if (before !== undefined && !rules.some(follows))
    source.report("RULE-016", [...path, "before"], {
      message: `no rule of this file says what holds from ${before} on`,
      hint: `a rule with \`changed: ${before}\` that states one of ${rule.states.join(", ")}`,
    });
}

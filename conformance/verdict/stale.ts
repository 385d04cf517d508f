/** Expectations of a real kernel that turned out wrong. */
import type { RuleId } from "../../spec/generated/types";
import type { Spec } from "../case/spec";
import { entriesAbout, type Asked } from "../plan/ledger";
import { askedOf } from "../plan/versions";
import type { Verdict } from "./verdict";

const EXPECTED = { asked: "keeps", "expected to break": "breaks", "not asked": undefined } as const;

/**
 * What was expected of a real kernel and is not so, one sentence each: entries of the ledger that it
 * has come to agree with, and rules that it keeps although they say that its version breaks them.
 */
export function staleExpectations(spec: Spec, asked: Asked, verdicts: readonly Verdict[]): string[] {
  if (asked.kind !== "kvm") return [];
  const kernel = asked.kernel ?? "a kernel of unknown version";
  const entries = entriesAbout(asked, spec);
  const ledger = entries.flatMap(({ rule, case: id, place, observed }) => {
    const expected = EXPECTED[askedOf(spec.rules.get(rule), asked.kernel)];
    const cases = id === undefined ? casesOf(rule, spec) : [id];
    if (expected === undefined || whatIsSeen(rule, cases, verdicts) !== expected) return [];
    return [`${place} says of ${rule} "${observed}"; but ${kernel} ${expected} it, as is expected without the entry: mend or remove it`];
  });
  const versions = [...spec.rules.values()].flatMap((rule) => {
    if (askedOf(rule, asked.kernel) !== "expected to break" || entries.some((entry) => entry.rule === rule.rule)) return [];
    if (whatIsSeen(rule.rule, casesOf(rule.rule, spec), verdicts) !== "keeps") return [];
    return [`${rule.rule} says \`fixed: ${rule.fixed ?? ""}\`; but ${kernel} keeps it: mend the version, or add an entry to the ledger`];
  });
  return [...ledger, ...versions];
}

/** What a kernel is seen to do with a rule; undefined if not all of these cases could show it. */
function whatIsSeen(rule: RuleId, cases: readonly string[], verdicts: readonly Verdict[]): "keeps" | "breaks" | undefined {
  const judged = verdicts.filter((verdict) => cases.includes(verdict.case));
  if (judged.some(({ failure }) => failure?.violations.some((violation) => violation.rule === rule) === true)) return "breaks";
  const shows = judged.filter(
    ({ seen, verdict }) => verdict !== "unclaimed" && verdict !== "untestable" && (seen.rules[rule]?.claims ?? 0) > 0,
  );
  const keeps = judged.length === cases.length && shows.length > 0 && shows.every(({ verdict }) => verdict === "holds");
  return keeps ? "keeps" : undefined;
}

function casesOf(rule: RuleId, { cases }: Spec): string[] {
  return [...cases.values()].filter((each) => each.rules.includes(rule)).map((each) => each.case);
}

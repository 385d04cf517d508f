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
    if (expected === undefined || whatIsSeen(rule, cases, verdicts, "some") !== expected) return [];
    return [`${place} says of ${rule} "${observed}"; but ${kernel} ${expected} it, as is expected without the entry: mend or remove it`];
  });
  const versions = [...spec.rules.values()].flatMap((rule) => {
    if (askedOf(rule, asked.kernel) !== "expected to break" || entries.some((entry) => entry.rule === rule.rule)) return [];
    if (whatIsSeen(rule.rule, casesOf(rule.rule, spec), verdicts, "all") !== "keeps") return [];
    return [`${rule.rule} says \`fixed: ${rule.fixed ?? ""}\`; but ${kernel} keeps it: mend the version, or add an entry to the ledger`];
  });
  return [...ledger, ...versions];
}

/**
 * What a kernel is seen to do with a rule; undefined if that cannot be told. A difference that was
 * written down was seen with some of the claims; what a version is said to break may need all.
 */
function whatIsSeen(
  rule: RuleId,
  cases: readonly string[],
  verdicts: readonly Verdict[],
  claims: "some" | "all",
): "keeps" | "breaks" | undefined {
  const judged = verdicts.filter((verdict) => cases.includes(verdict.case));
  if (judged.some(({ failure }) => failure?.violations.some((violation) => violation.rule === rule) === true)) return "breaks";
  const shown = ({ seen }: Verdict): { claims: number; of: number } => seen.rules[rule] ?? { claims: 0, of: 0 };
  const asked = judged.filter(({ verdict }) => verdict !== "unclaimed" && verdict !== "untestable");
  const telling = asked.filter((verdict) => shown(verdict).claims > 0);
  const enough = claims === "some" || (asked.length === cases.length && asked.every((each) => shown(each).claims === shown(each).of));
  const keeps = judged.length === cases.length && telling.length > 0 && enough && telling.every(holdsForSure);
  return keeps ? "keeps" : undefined;
}

/** A race that does not show something this time says little. */
function holdsForSure({ verdict, how }: Verdict): boolean {
  return verdict === "holds" && how?.race === undefined;
}

function casesOf(rule: RuleId, { cases }: Spec): string[] {
  return [...cases.values()].filter((each) => each.rules.includes(rule)).map((each) => each.case);
}

/** `kvm-conform explain`: what a rule or a case is about, for somebody who met it in a report. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { marksIn } from "../../coverage/rules";
import { standingOf } from "../../coverage/standings";
import { nearest } from "../case/names";
import { caseIds, caseIn, type FiledCase, type FiledDisagreement, type FiledRule, type Spec } from "../case/spec";
import type { Log } from "../report/events";
import { sourceOf } from "../report/failure";
import { aboutFixture } from "./specifier";
import { bugSpecifiers } from "./bugs";
import { kernelLogs } from "./logs";
import { select } from "./selection";
import { UsageError } from "./usage";

/** The explanation of a rule or a case, as lines. */
export function explain(spec: Spec, id: string, root: string): string[] {
  const rule = spec.rules.get(id);
  if (rule !== undefined) return explainRule(spec, rule, root);
  const what = caseIn(spec, id);
  if (what !== undefined) return explainCase(spec, what);
  const near = nearest(id, [...spec.rules.keys(), ...caseIds(spec)]);
  throw new UsageError(`there is no rule or case ${id}${near === undefined ? "" : `; did you mean ${near}?`}`);
}

function explainRule(spec: Spec, rule: FiledRule, root: string): string[] {
  const cases = select(spec, { rule: [rule.rule], deep: true });
  const marks = existsSync(join(root, "reference")) ? (marksIn(root).get(rule.rule) ?? []) : [];
  const bugs = bugSpecifiers().filter((bug) => aboutFixture(bug).breaks === rule.rule);
  return [
    `${pc.bold(rule.rule)}   ${rule.level}, feature ${rule.feature}, states ${rule.states.join(", ")}`,
    `  ${rule.says}`,
    ...(rule.corrects === undefined ? [] : [`  corrects: ${rule.corrects}`]),
    ...(rule.memory === undefined ? [] : ["  shown under sequential consistency only, so far"]),
    ...(rule.excluded === undefined ? [] : [`  excluded: ${rule.excluded}`]),
    "",
    `  source    ${sourceOf(rule)}`,
    ...list("modelled", marks),
    ...list(
      "cases",
      cases.map((each) => each.case),
    ),
    ...list("bugs", bugs),
    ...list(
      "mistakes",
      rule.states.flatMap((number) => spec.mistakes.get(number) ?? []),
    ),
    ...list(
      "real",
      kernelLogs(root, () => undefined).map((log) => onKernel(rule.rule, log)),
    ),
    ...spec.disagreements.filter((entry) => entry.rule === rule.rule).flatMap(disagreement),
  ];
}

/** What a real kernel said of a rule, and in how many cases; or why it could not be asked. */
function onKernel(rule: string, log: Log): string {
  const { adapter, hello } = log.header;
  const judged = log.verdicts.filter(({ rules }) => rules.some((each) => each === rule));
  const seen = judged.filter((verdict) => (verdict.seen.rules[rule]?.claims ?? 0) > 0 && verdict.how !== undefined);
  const reasons = [...new Set(judged.map(({ reason }) => reason).filter((reason) => reason !== undefined))];
  const told = seen.length > 0 ? `seen in ${seen.length} of ${judged.length} cases` : (reasons[0] ?? "not asked");
  return `${adapter} (${hello.version}): ${standingOf(rule, log)}; ${told}`;
}

function disagreement({ kernel, on = [], judgement, observed, shown_by: shownBy, about, place }: FiledDisagreement): string[] {
  const where = [kernel ?? "any version", ...on].join(", ");
  return [
    `  ${pc.yellow("differs")}   ${where}: ${observed} (${judgement}; ${place})`,
    pc.dim(`            ${shownBy}`),
    pc.dim(`            ${about}`),
  ];
}

function explainCase(spec: Spec, what: FiledCase): string[] {
  const threads = Object.entries(what.threads ?? {});
  return [
    `${pc.bold(what.case)}   ${what.file}`,
    `  ${what.about.trim().replaceAll(/\s+/g, " ")}`,
    "",
    ...list(
      "threads",
      threads.map(([name, thread]) => `${name}: ${(Array.isArray(thread) ? thread : thread.calls).map((call) => call.do).join(", ")}`),
    ),
    ...what.rules.flatMap((id) => [`  ${id}`, pc.dim(`      ${spec.rules.get(id)?.says ?? ""}`)]),
  ];
}

function list(name: string, entries: readonly string[]): string[] {
  return entries.map((entry, i) => `  ${(i === 0 ? name : "").padEnd(9)} ${entry}`);
}

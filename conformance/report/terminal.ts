/** What a person at a terminal sees: a line for each verdict, failures in full, the summary last. */
import pc from "picocolors";
import type { Spec } from "../case/spec";
import type { Verdict } from "../verdict/verdict";
import type { Footer, Header, Judged } from "./events";
import { count, remark } from "./effort";
import { failureReport } from "./failure";
import { histogram } from "./race";

const COLOUR: Record<Verdict["verdict"], (text: string) => string> = {
  holds: pc.green,
  broken: pc.red,
  crashed: pc.red,
  unfinished: pc.yellow,
  untestable: pc.yellow,
  unclaimed: pc.dim,
};

/** Which real kernel was reached, its limits, and what it lacks and why. Of others nothing: whoever wrote them knows. */
export function headerLines({ adapter, hello }: Header): string[] {
  const { kind, name, version, kernel = "no version", traits = [], control, limits, absent = {} } = hello;
  if (kind !== "kvm") return [];
  const reasons = [...new Set(Object.values(absent))];
  const lacking = (reason: string): string[] => Object.keys(absent).filter((feature) => absent[feature] === reason);
  const bounds = Object.entries(limits).map(([limit, value]) => `${limit} ${value}`);
  return [
    `${pc.bold(adapter)}: ${name} ${version}, judged as ${[kernel, ...traits].join(", ")}; control ${control}`,
    ...(bounds.length === 0 ? [] : [pc.dim(`  limits: ${bounds.join(", ")}`)]),
    ...reasons.map((reason) => pc.dim(`  lacks ${lacking(reason).join(", ")}: ${reason}`)),
    "",
  ];
}

/** One verdict as one line, and the lines that belong to it. */
export function verdictLines(verdict: Judged, width: number): string[] {
  const { differs = [] } = verdict;
  const word = differs.length === 0 ? COLOUR[verdict.verdict](verdict.verdict.padEnd(10)) : pc.yellow("differs   ");
  const lines = [`${word} ${verdict.case.padEnd(width)}  ${told(verdict)}`.trimEnd()];
  for (const { judgement, observed, place } of differs) lines.push(`           ${pc.yellow(judgement)}: ${observed} (${place})`);
  if (verdict.failure === undefined && verdict.how?.race !== undefined)
    for (const line of histogram(verdict.how.race)) lines.push(pc.dim(`           ${line}`));
  for (const { kind, text } of verdict.findings)
    if (kind !== "outcome never reached" || verdict.how?.race === undefined) lines.push(`           ${pc.yellow(kind)}: ${text}`);
  return lines;
}

/** What was broken, or else how hard it was tried, or why it was not. */
function told(judged: Judged): string {
  const { failure, expected, differs, verdict } = judged;
  if (failure === undefined) return verdict === "holds" ? pc.dim(remark(judged)) : remark(judged);
  const [{ kind, rule }] = failure.violations;
  return `${kind}, rule ${rule ?? "built in"}${expected && differs === undefined ? ", as kernels of its version do" : ""}`;
}

/** Every failure in full, but for those that the ledger tells of. */
export function failureLines(verdicts: readonly Judged[], spec: Spec, adapter: string): string[] {
  return verdicts.flatMap((verdict) =>
    verdict.failure === undefined || verdict.differs !== undefined ? [] : ["", ...failureReport(verdict, verdict.failure, spec, adapter)],
  );
}

/** The last lines: how many of what, and whether that is all that was asked for. */
export function summaryLines(
  adapter: string,
  { counts, expected, stale, runs, steps, seconds, interrupted }: Footer,
  selected: number,
): string[] {
  const parts = Object.entries(counts).map(([verdict, n]) => {
    const known = verdict === "broken" && expected > 0 ? ` (${expected} as expected)` : "";
    return COLOUR[verdict as Verdict["verdict"]](`${n} ${verdict}${known}`);
  });
  const judged = Object.values(counts).reduce((total, n) => total + n, 0);
  const rest = judged < selected ? `, ${selected - judged} not judged` : "";
  return [
    "",
    ...stale.map((each) => `${pc.red("stale")}      ${each}`),
    `${pc.bold(adapter)}: ${parts.length === 0 ? "nothing judged" : parts.join(", ")}${rest}${interrupted ? pc.yellow(" (interrupted)") : ""}`,
    pc.dim(`${count(runs, "run")}, ${count(steps, "step")}, ${seconds.toFixed(1)} s`),
  ];
}

/** A failure for a reader: the rule first, then the claim, the run in columns, and how to see it again. */
import pc from "picocolors";
import type { FiledRule, Spec } from "../case/spec";
import type { Failure, How, Verdict } from "../verdict/verdict";
import { columns } from "./columns";
import { count } from "./effort";
import { histogram, raceInWords } from "./race";

const INDENT = "        ";

/** The command that shows a failure again: case, schedule and adapter are all that it takes. */
export function againCommand(verdict: Verdict, { schedule }: Failure, adapter: string): string {
  const named = /^[\w./:@-]+$/.test(adapter) ? adapter : `"${adapter.replaceAll(/["\\$`]/g, "\\$&")}"`;
  return `npx kvm-conform replay ${verdict.case} ${schedule || "-"} --adapter ${named}`;
}

/** The whole report of one failure, as lines. */
export function failureReport(verdict: Verdict, failure: Failure, spec: Spec, adapter: string): string[] {
  const [first, ...others] = failure.violations;
  const rule = first.rule === undefined ? undefined : spec.rules.get(first.rule);
  const owner = rule === undefined ? "no rule: built in" : `rule ${rule.rule} (${rule.level})`;
  const race = verdict.how?.race;
  return [
    `${pc.red(pc.bold("broken"))}  ${pc.bold(verdict.case)}   ${owner}`,
    ...(rule === undefined ? [] : wrap(rule.says).map((line) => INDENT + line)),
    "",
    ...wrap(`${first.kind}: ${first.text}`).map((line) => INDENT + line),
    ...wrap(`but ${race === undefined ? `after step ${first.step}: ` : ""}${first.what}`).map((line) => INDENT + pc.red(line)),
    ...(first.chains ?? []).flatMap((chain) => wrap(chain, 96).map((line, i) => `${INDENT}  ${i === 0 ? "" : "  "}${line}`)),
    "",
    ...(race === undefined ? columns(failure).map((line) => `    ${line}`) : histogram(race).map((line) => INDENT + line)),
    "",
    ...others.map((other) => `${INDENT}also broken: ${other.rule ?? "built in"}: ${other.what}`),
    `${INDENT}${foundIn(failure, verdict.how)}${verdict.expected ? "; kernels of this version are known to break this rule" : ""}`,
    ...shortenedLines(failure).map((line) => INDENT + line),
    ...(verdict.how?.diverged === undefined ? [] : [`${INDENT}${verdict.how.diverged}`, `${INDENT}it was followed as far as it goes`]),
    ...(rule === undefined ? [] : [`${INDENT}source: ${sourceOf(rule)}`]),
    `${INDENT}again:  ${againCommand(verdict, failure, adapter)}`,
  ];
}

/** The command for a race makes the same race again; the machine decides how it comes out. */
function foundIn({ run }: Failure, how: How | undefined): string {
  if (how?.race !== undefined) return `found in a race, which may come out otherwise when it is made again: ${raceInWords(how.race)}`;
  const found = run === 1 ? "found in the first run" : `found in run ${run}`;
  if (how?.seed !== undefined) return `${found} of those that ${how.strategy} makes of seed ${how.seed}`;
  if (how?.preemptions === undefined) return found;
  const fewer = how.preemptions === 0 ? "without a preemption" : `with at most ${count(how.preemptions, "preemption")}`;
  return `${found}; no schedule ${fewer} shows a failure`;
}

/** How short the run shown is, what it does without, and whether more was left to try. */
function shortenedLines({ shortened }: Failure): string[] {
  if (shortened === undefined) return [];
  const { switches, from, stopped, leftOut } = shortened;
  const before = from === switches ? "" : `, ${from} in the run that found it`;
  const without = Object.entries(leftOut).map(([thread, calls]) => `${thread} ${calls.join(", ")}`);
  return [
    `${count(switches, "context switch", "context switches")}${before}${stopped === undefined ? "" : `; shortening ended ${stopped}`}`,
    ...(without.length === 0 ? [] : [`not needed: ${without.join("; ")}`]),
  ];
}

/** Who said it, when and where, and the commit that made it so. */
export function sourceOf({ source, changed, fixed }: FiledRule): string {
  const { author, date, subject, commit, file } = source;
  const version = fixed ?? changed;
  const where = [file, commit, version === undefined ? undefined : `${fixed === undefined ? "since" : "fixed in"} ${version}`];
  return [`${author}, ${date}, "${subject}"`, ...where.filter((each) => each !== undefined)].join("; ");
}

function wrap(text: string, width = 100): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + word.length >= width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

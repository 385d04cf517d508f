/** `kvm-conform coverage`: the five columns. Runs the suite and the bugs first where their logs are missing or old. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockGraph } from "../../coverage/lock-graph";
import { lockTable } from "../../coverage/lock-report";
import { figures, ruleCoverage, type BugResult, type RuleCoverage } from "../../coverage/rules";
import { coverageTable } from "../../coverage/render";
import type { Spec } from "../case/spec";
import { readLog, type Log } from "../report/events";
import { bugs } from "./bugs";
import { ALONE, type Jobs } from "./crew";
import { kernelLogs, newest } from "./logs";
import { run, type Print } from "./run";
import { Interrupted, type Stopper } from "./stop";
import { EXIT, UsageError } from "./usage";

export interface CoverageOptions {
  readonly area?: readonly string[];
  readonly json?: boolean;
  /** Who judges, if something is to be judged first. */
  readonly jobs?: Jobs;
}

/** Prints the table, or with `json` the figures. Progress goes to `say`, which is not the report. */
export async function coverage(
  spec: Spec,
  root: string,
  options: CoverageOptions,
  print: Print,
  say: Print,
  stopper: Stopper,
): Promise<number> {
  const { jobs = ALONE } = options;
  const folder = join(root, "coverage", "report");
  const log = join(folder, "results.ndjson");
  const bugLog = join(folder, "bugs.ndjson");
  let judged = isOld(log, root) ? undefined : wholeLog(log, spec);
  if (judged === undefined) {
    say("judging the reference first");
    await run(spec, { adapter: ["reference"], out: folder, jobs }, () => undefined, stopper);
    if (stopper.stopped) throw new Interrupted("stopped");
    judged = readLog(readFileSync(log, "utf8"), log);
  }
  if (isOld(bugLog, root)) {
    say("judging the bugs first");
    const results = await bugs(spec, [], jobs, () => undefined, stopper);
    mkdirSync(folder, { recursive: true });
    writeFileSync(bugLog, results.map((result) => `${JSON.stringify(result)}\n`).join(""));
  }
  const kernels = kernelLogs(root, say);
  const all = ruleCoverage(spec, root, judged, readBugs(bugLog), kernels);
  const wanted = options.area ?? [];
  const table = all.filter((row) => wanted.length === 0 || areasOf(row).some((area) => wanted.includes(area)));
  if (table.length === 0)
    throw new UsageError(`no area ${options.area?.join(", ") ?? ""}; there are ${[...new Set(all.map((row) => row.area))].join(" ")}`);
  const counted = figures(table);
  const recorded = [judged, ...kernels].map(({ header: { adapter, hello }, verdicts }) => ({
    of: hello.kind === "kvm" ? (hello.kernel ?? adapter) : adapter,
    graph: lockGraph(verdicts),
  }));
  if (options.json === true) print(JSON.stringify({ ...counted, locks: recorded }, undefined, 2));
  else coverageTable(table, counted).forEach(print);
  // The order of locks is of all cases, whichever areas the table is about.
  const tellsOfLocks = table.some(({ numbers }) => numbers.some((number) => number.startsWith("LOCK-")));
  if (options.json !== true && tellsOfLocks) ["", ...lockTable(recorded)].forEach(print);
  return EXIT.ok;
}

/** A rule is of the area that it stands in, and of those whose requirements it states. */
function areasOf({ area, numbers }: RuleCoverage): string[] {
  return [area, ...numbers.map((number) => number.slice(0, number.indexOf("-")).toLowerCase())];
}

/** A log in which the reference was asked every case and none was left out: a run that was stopped says nothing of the rest. */
function wholeLog(file: string, spec: Spec): Log | undefined {
  const log = readLog(readFileSync(file, "utf8"), file);
  const whole = log.header.adapter === "reference" && log.footer?.interrupted === false && log.verdicts.length === spec.cases.size;
  return whole ? log : undefined;
}

function readBugs(file: string): BugResult[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as BugResult);
}

/** Older than what it was made from: the build, and every file of the spec. */
function isOld(file: string, root: string): boolean {
  if (!existsSync(file)) return true;
  const made = statSync(file).mtimeMs;
  return newest(join(root, "spec")) > made || newest(join(root, "dist")) > made;
}

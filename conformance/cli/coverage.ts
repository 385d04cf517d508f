/** `kvm-conform coverage`: the five columns. Runs the suite and the bugs first where their logs are missing or old. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figures, ruleCoverage, type BugResult } from "../../coverage/rules";
import { coverageTable } from "../../coverage/render";
import type { Spec } from "../case/spec";
import { readLog } from "../report/events";
import type { Stopper } from "./bench";
import { bugs } from "./bugs";
import { run, type Print } from "./run";
import { EXIT, UsageError } from "./usage";

export interface CoverageOptions {
  readonly area?: readonly string[];
  readonly json?: boolean;
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
  const folder = join(root, "coverage", "report");
  const log = join(folder, "results.ndjson");
  const bugLog = join(folder, "bugs.ndjson");
  if (isOld(log, root)) {
    say("judging the reference first");
    await run(spec, { adapter: ["reference"], out: folder }, () => undefined, stopper);
  }
  if (isOld(bugLog, root)) {
    say("judging the bugs first");
    const results = await bugs(spec, [], () => undefined, stopper);
    mkdirSync(folder, { recursive: true });
    writeFileSync(bugLog, results.map((result) => `${JSON.stringify(result)}\n`).join(""));
  }
  if (stopper.stopped) return EXIT.interrupted;
  const all = ruleCoverage(spec, root, readLog(readFileSync(log, "utf8"), log), readBugs(bugLog));
  const table = all.filter((row) => options.area === undefined || options.area.length === 0 || options.area.includes(row.area));
  if (table.length === 0)
    throw new UsageError(`no area ${options.area?.join(", ") ?? ""}; there are ${[...new Set(all.map((row) => row.area))].join(" ")}`);
  const counted = figures(table);
  if (options.json === true) print(JSON.stringify(counted, undefined, 2));
  else coverageTable(table, counted).forEach(print);
  return EXIT.ok;
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

function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(...files.map((file) => statSync(join(folder, file)).mtimeMs));
}

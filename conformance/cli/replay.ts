/** `kvm-conform replay`: one run of one case, under the schedule that a failure printed. */
import type { FiledCase, Spec } from "../case/spec";
import { readRace } from "../explore/race";
import { readSchedule } from "../explore/schedule";
import { failureReport } from "../report/failure";
import { histogram, raceInWords } from "../report/race";
import type { Verdict } from "../verdict/verdict";
import { openBench } from "./bench";
import type { Print } from "./run";
import { select } from "./selection";
import type { Stopper } from "./stop";
import { EXIT, UsageError } from "./usage";

/** Exit code 1 if the run is broken again, 0 if it is not, 4 if it is not and the schedule does not fit. Throws UsageError. */
export async function replay(spec: Spec, id: string, schedule: string, adapter: string, print: Print, stopper: Stopper): Promise<number> {
  const [what, ...others] = select(spec, { case: [id] });
  if (what === undefined || others.length > 0) throw new UsageError(`replay takes one case, and ${id} matches ${1 + others.length}`);
  const verdict = await again(what, schedule === "-" ? "" : schedule, adapter, spec, stopper);
  if (verdict.failure !== undefined) {
    failureReport(verdict, verdict.failure, spec, adapter).forEach(print);
    return EXIT.broken;
  }
  if (verdict.verdict === "holds" && verdict.how?.race !== undefined) {
    print(`holds   ${what.case}   in this race: ${raceInWords(verdict.how.race)}; what came out before did not come out now`);
    for (const line of histogram(verdict.how.race)) print(`        ${line}`);
  } else if (verdict.verdict === "holds") print(`holds   ${what.case}   in this run: the schedule does not show a failure on ${adapter}`);
  else print(`${verdict.verdict}   ${what.case}   ${verdict.reason ?? ""}`);
  if (verdict.verdict === "holds") return EXIT.ok;
  return verdict.verdict === "crashed" ? EXIT.adapter : EXIT.incomplete;
}

async function again(what: FiledCase, schedule: string, adapter: string, spec: Spec, stopper: Stopper): Promise<Verdict> {
  try {
    if (readRace(schedule) === undefined) readSchedule(schedule);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const bench = await openBench(adapter, spec, stopper);
  try {
    return await bench.replay(what, schedule);
  } finally {
    await bench.end();
  }
}

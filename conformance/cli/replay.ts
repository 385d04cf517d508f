/** `kvm-conform replay`: one run of one case, under the schedule that a failure printed. */
import type { Spec } from "../case/spec";
import { failureReport } from "../report/failure";
import { openBench, type Stopper } from "./bench";
import type { Print } from "./run";
import { select } from "./selection";
import { EXIT, UsageError } from "./usage";

/** Exit code 1 if the run is broken again, 0 if it is not. */
export async function replay(spec: Spec, id: string, schedule: string, adapter: string, print: Print, stopper: Stopper): Promise<number> {
  const [what, ...others] = select(spec, { case: [id] });
  if (what === undefined || others.length > 0) throw new UsageError(`replay takes one case, and ${id} matches ${1 + others.length}`);
  const bench = await openBench(adapter, spec, stopper);
  const verdict = await bench.replay(what, schedule === "-" ? "" : schedule);
  await bench.end();
  if (verdict.failure !== undefined) {
    failureReport(verdict, verdict.failure, spec, adapter).forEach(print);
    return EXIT.broken;
  }
  if (verdict.verdict === "holds") print(`holds   ${what.case}   in this run: the schedule does not show a failure on ${adapter}`);
  else print(`${verdict.verdict}   ${what.case}   ${verdict.reason ?? ""}`);
  return verdict.verdict === "holds" ? EXIT.ok : EXIT.adapter;
}

/**
 * Waits for what others do. A wait is monotone: once it can go on, it can whatever the others do.
 * So it could go before an event that it depends on if it did not need that event.
 *
 * What makes the decision possible is that a wait is announced right after its thread has looked
 * in vain: `prepare, look, await`. One that can go on as soon as it is announced might owe that to
 * any event since; of such a wait nothing is said here (`Unclear`).
 */
import type { Execution } from "./execution";
import { interrupterAgainst } from "./handlers";
import { conflictOnObject } from "../footprints";
import { Role, THREADS } from "./steps";

/** Whether a wait could go on in an execution without some events. */
export type Answer = "yes" | "no" | "unclear";

/**
 * Whether `step`, a wait after the event `before` of its thread, could be taken in E up to `end`
 * without the events that `isDropped` says; the first of these is `first`. Of one that was not taken
 * in E it is not seen whether it could have been, since a handler stood on its stack.
 */
export function couldGoOn(
  execution: Execution,
  step: number,
  before: number,
  first: number,
  end: number,
  isDropped: (event: number) => boolean,
): Answer {
  const { steps } = execution;
  const pending = end === execution.length;
  const role = steps.role[step];
  if (role === Role.Drain) return isDrained(execution, step, before, end, isDropped);
  const thread = steps.thread[step] as number;
  if (before < first && wasAble(execution, first, thread)) return "yes";
  let lost = false;
  let left = false;
  // Under a handler it is not seen whether it had been woken before the first of them.
  const isHidden = interrupterAgainst(execution, step, before, end, (e) => e >= first) >= 0;
  for (let e = isHidden ? before + 1 : first; e < end; e++) {
    if (execution.thread[e] === thread || !conflictOnObject(steps.all[execution.step[e] as number], steps.all[step])) continue;
    if (isDropped(e)) lost = true;
    else if (e > before) left = true;
  }
  if (pending) return lost || left ? "unclear" : "no";
  if (!lost) return "yes";
  const inVain = before + 1 < end && !wasAble(execution, before + 1, thread);
  // Of several cells that it would retry for, any one that is newer will do.
  if (role === Role.Again && left && inVain) return "yes";
  return inVain && !(left && role === Role.Await) ? "no" : "unclear";
}

function wasAble({ able }: Execution, event: number, thread: number): boolean {
  return (((able[event] as number) >>> thread) & 1) === 1;
}

/**
 * Whether all read sections that were open at the flip before this drain have been left. Sections
 * of one thread nest: what it leaves last it entered first.
 */
function isDrained(execution: Execution, step: number, flip: number, end: number, isDropped: (event: number) => boolean): Answer {
  const { steps, threads } = execution;
  if (flip < 0 || steps.role[execution.step[flip] as number] !== Role.Flip) return "unclear";
  const open = new Int32Array(THREADS);
  const waitsFor = new Uint8Array(THREADS);
  const events: number[] = [];
  for (let e = execution.newestOn(steps.object[step] as number); e >= 0; e = execution.previousOn[e] as number)
    if (e < end && !isDropped(e)) events.push(e);
  for (const e of events.reverse()) {
    const role = steps.role[execution.step[e] as number];
    const thread = execution.thread[e] as number;
    if (e === flip) for (let t = 0; t < threads; t++) waitsFor[t] = (open[t] as number) > 0 ? 1 : 0;
    else if (role === Role.Enter) open[thread] = (open[thread] as number) + 1;
    else if (role === Role.Leave) {
      open[thread] = (open[thread] as number) - 1;
      if (open[thread] === 0) waitsFor[thread] = 0;
    }
  }
  return waitsFor.includes(1) ? "no" : "yes";
}

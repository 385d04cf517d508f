/**
 * Handlers: code that runs on the stack of a thread that it interrupts. The owner stands still
 * until the handler returns, and the handler comes only where it may: so a stack is like a lock, and
 * what can be turned round is which whole section comes first.
 */
import type { Execution, RaceList } from "./execution";
import { Role } from "./steps";

/**
 * The races of a step, taken or pending, with the others on its stack, on which handlers come; `row` is the clock of what
 * comes before it in its thread. The start of a handler races with the newest step before which it
 * could have come; a step of the owner with the start of the handler that came in between.
 */
export function racesOfHandlers(races: RaceList, execution: Execution, step: number, row: number, event: number): void {
  const { steps, able } = execution;
  const own = steps.thread[step] as number;
  const stack = steps.stack[step] as number;
  const starts = steps.role[step] === Role.Handler;
  const end = event >= 0 ? event : execution.length;
  const before = event >= 0 ? (execution.previous[event] as number) : execution.before(own);
  for (let e = end - 1; e > before; e--) {
    const other = execution.step[e] as number;
    if (steps.stack[other] !== stack || execution.thread[e] === own) continue;
    const could = starts ? (((able[e] as number) >>> own) & 1) === 1 : steps.role[other] === Role.Handler;
    if (!could) continue;
    if (!execution.isIn(e, row)) races.add(e, event);
    return;
  }
}

/**
 * The start of a handler that would stand on the stack of `step`, which comes right after the event
 * `before` of its thread, in E up to `end` without the events that `isDropped` says; -1 if none would.
 */
export function interrupterAgainst(
  execution: Execution,
  step: number,
  before: number,
  end: number,
  isDropped: (event: number) => boolean,
): number {
  const { steps } = execution;
  const own = steps.thread[step] as number;
  const stack = steps.stack[step] as number;
  if (!steps.isInterrupted(step) || own !== stack) return -1;
  let start = -1;
  for (let e = before + 1; e < end; e++) {
    const other = execution.step[e] as number;
    if (steps.stack[other] !== stack) continue;
    if (steps.role[other] === Role.Handler) start = isDropped(e) ? -1 : e;
    else if (start >= 0 && isDropped(e)) return start;
    const unfinished = end === execution.length && ((execution.unfinished >>> (execution.thread[e] as number)) & 1) === 1;
    if (start >= 0 && unfinished && execution.last[execution.thread[e] as number] === e) return start;
  }
  return -1;
}

/**
 * Handlers: code that runs on the stack of a thread that it interrupts. The owner stands still
 * until the handler returns, and the handler comes only where it may: so a stack is like a lock, and
 * what can be turned round is which whole section comes first.
 */
import type { Execution } from "./execution";
import type { Races } from "./races";
import { Role } from "./steps";

/**
 * The races of a step, taken or pending, with the others on its stack; `row` is the clock of what
 * comes before it in its thread. The start of a handler races with the newest step before which it
 * could have come; a step of the owner with the start of the handler that came in between.
 */
export function racesOfHandlers(races: Races, execution: Execution, step: number, row: number, event: number): void {
  const { steps, able } = execution;
  const own = steps.thread[step] as number;
  const stack = steps.stack[step] as number;
  if (steps.isInterrupted[stack] !== true) return;
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

/**
 * Readers-writer locks; a mutex is one that nobody reads. A release never races: what can be turned
 * round is who acquires first. A writer waits for a set of readers, so to let it go first, read
 * sections that would still be open then must be put off with the one that it races with.
 */
import type { Execution, RaceList } from "./execution";
import { Role, THREADS } from "./steps";

/**
 * The races of an acquire, taken or pending; `row` is the clock of what comes before it in its
 * thread. A reader races with the last writer. A writer races with every reader since the last
 * writer, whether or not that section is closed by now; if there is none, with that writer.
 */
export function racesOfAcquire(races: RaceList, execution: Execution, step: number, row: number, event: number): void {
  const { steps, previousOn } = execution;
  const own = steps.thread[step];
  const writes = steps.role[step] === Role.Write;
  let readers = false;
  for (let e = execution.newestOn(steps.object[step] as number); e >= 0; e = previousOn[e] as number) {
    const role = steps.role[execution.step[e] as number];
    const other = execution.thread[e] !== own && !execution.isIn(e, row);
    if (role === Role.Write) {
      if (!readers && other) races.add(e, event);
      return;
    }
    if (writes && reads(execution, e, role)) {
      readers = true;
      if (other) races.add(e, event);
    }
  }
}

/** Whether an event opened a read section. */
function reads({ got }: Execution, event: number, role: Role | undefined): boolean {
  return role === Role.Read || (role === Role.TryRead && got[event] === 1);
}

/** The sections of one lock that are open after part of an execution. */
export class OpenSections {
  /** Per thread: how often it holds the lock, and the acquire that took it from not at all to once. */
  private readonly held = new Int32Array(THREADS);
  private readonly outer = new Int32Array(THREADS);
  private readonly events: number[] = [];

  constructor(private readonly execution: Execution) {}

  /**
   * The outermost acquire of somebody whom this acquire would have to wait for, in E without the
   * events that `isDropped` says, before the place `end`; -1 if it could go on there.
   */
  holderAgainst(step: number, end: number, isDropped: (event: number) => boolean): number {
    const { execution, held, outer, events } = this;
    const { steps, threads } = execution;
    const writes = steps.role[step] === Role.Write;
    let count = 0;
    for (let e = execution.newestOn(steps.object[step] as number); e >= 0; e = execution.previousOn[e] as number) events[count++] = e;
    held.fill(0, 0, threads);
    while (count > 0) {
      const e = events[--count] as number;
      if (e >= end || isDropped(e)) continue;
      const role = steps.role[execution.step[e] as number];
      const thread = execution.thread[e] as number;
      if (role === Role.Write || (writes && reads(execution, e, role))) {
        if (held[thread] === 0) outer[thread] = e;
        held[thread] = (held[thread] as number) + 1;
      } else if (role === Role.EndWrite || (writes && role === Role.EndRead)) held[thread] = (held[thread] as number) - 1;
    }
    for (let t = 0; t < threads; t++) if ((held[t] as number) > 0) return outer[t] as number;
    return -1;
  }
}

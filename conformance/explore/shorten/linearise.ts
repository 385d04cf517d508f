import type { Stretch } from "./stretch";
import type { Progress, Trace } from "./trace";

/** How many sets of steps done are looked at with one number of context switches. */
const WIDEST = 256;

/** A set of steps that can be done first, and the order that comes to it. */
interface Done {
  readonly progress: Progress;
  readonly thread: number;
  readonly before: Done | undefined;
}

/**
 * An order of a trace's steps with the fewest context switches, between where `from` says that all
 * stand and `to`. Sets of steps that can be done first are searched by the number of switches that
 * they take; whoever goes on goes on as far as it can, since in a trace no step takes another away.
 * That is exact while no number of switches comes to more than WIDEST sets. Beyond it those are kept
 * in which most is done.
 */
export function linearise(trace: Trace, from: Progress, to: Progress): Stretch[] {
  let level: Done[] = [{ progress: from, thread: -1, before: undefined }];
  for (;;) {
    const next = new Map<string, Done>();
    for (const done of level) {
      if (isAt(done.progress, to)) return orderOf(done);
      for (let thread = 0; thread < trace.threads; thread++) {
        const upTo = trace.reach(done.progress, thread, to);
        if (upTo === (done.progress[thread] ?? 0)) continue;
        const progress = to.map((_, each) => (each === thread ? upTo : (done.progress[each] ?? 0)));
        const key = progress.join();
        if (!next.has(key)) next.set(key, { progress, thread, before: done });
      }
    }
    if (next.size === 0) throw new Error("the steps of a run cannot be put in any order");
    level = [...next.values()];
    if (level.length > WIDEST) level = level.sort((a, b) => total(b.progress) - total(a.progress)).slice(0, WIDEST);
  }
}

function isAt(progress: Progress, to: Progress): boolean {
  return to.every((count, thread) => (progress[thread] ?? 0) === count);
}

function total(progress: Progress): number {
  return progress.reduce((sum, count) => sum + count, 0);
}

function orderOf(end: Done): Stretch[] {
  const order: Stretch[] = [];
  for (let done = end; done.before !== undefined; done = done.before)
    order.push({ thread: done.thread, upTo: done.progress[done.thread] ?? 0 });
  return order.reverse();
}

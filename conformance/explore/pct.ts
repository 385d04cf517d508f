/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, _A Randomized
 * Scheduler with Probabilistic Guarantees of Finding Bugs_, ASPLOS 2010): each thread has a random
 * priority, the highest that can go on does, and at a few random steps the one whose turn it is
 * falls below all others. Of n threads that take k steps in all, one run shows a failure that d
 * changes suffice for with a probability of at least 1 in n * k^d, however many schedules there are.
 */
import type { Transition } from "./footprint";
import { numbers } from "./numbers";
import type { Strategy } from "./strategy";

/** Priorities that a thread may begin with, above those that changes leave it with. */
const PRIORITIES = 1 << 23;

/** So many runs with so many `changes` of priority in each. The same seed makes the same runs. */
export function pct(runs: number, changes: number, seed: number): Strategy {
  const below = numbers(seed);
  const priority: number[] = [];
  /** The steps before which a priority changes, each with what it is changed to. */
  const points = new Map<number, number>();
  let made = 0;
  let chose = true;
  // How many steps a run takes is not known: the longest so far stands for all, and the first has no change.
  let length = 0;

  function first(enabled: readonly Transition[]): number {
    let found = -1;
    for (const { thread } of enabled) {
      const own = (priority[thread] ??= changes + below(PRIORITIES));
      if (found < 0 || own > (priority[found] ?? 0)) found = thread;
    }
    return found;
  }

  return {
    name: "pct",
    prefix: 0,
    get complete() {
      return !chose;
    },
    told: () => ({ seed, changes }),
    begin() {
      if (made === runs || !chose) return false;
      made++;
      chose = made > 1;
      priority.length = 0;
      points.clear();
      for (let i = 0; i < changes && length > 0; i++) points.set(below(length), i);
      return true;
    },
    choose(depth, enabled) {
      chose ||= enabled.length > 1;
      length = Math.max(length, depth + 1);
      const lowered = points.get(depth);
      if (lowered !== undefined) priority[first(enabled)] = lowered;
      const thread = first(enabled);
      const own = enabled.filter((transition) => transition.thread === thread);
      return own[below(own.length)];
    },
  };
}

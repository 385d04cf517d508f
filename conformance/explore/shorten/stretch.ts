/** Schedules as stretches: what one thread does until another one goes on. */
import type { Choice } from "../schedule";

/** A thread goes on until it has taken so many steps of the run, counted from the run's first. */
export interface Stretch {
  readonly thread: number;
  readonly upTo: number;
}

/** A schedule as stretches. */
export function stretchesOf(schedule: readonly Choice[]): Stretch[] {
  const progress: number[] = [];
  return proper(schedule.map(({ thread }) => ({ thread, upTo: (progress[thread] = (progress[thread] ?? 0) + 1) })));
}

/** The same without stretches in which nothing is done, and with neighbours of one thread made one. */
export function proper(stretches: readonly Stretch[]): Stretch[] {
  const progress: number[] = [];
  const kept: Stretch[] = [];
  for (const stretch of stretches) {
    const { thread, upTo } = stretch;
    if (upTo <= (progress[thread] ?? 0)) continue;
    progress[thread] = upTo;
    if (kept.at(-1)?.thread === thread) kept.pop();
    kept.push(stretch);
  }
  return kept;
}

/** How often another thread goes on than the one that took the last step. */
export function contextSwitches(schedule: readonly Choice[], steps = schedule.length): number {
  let switches = 0;
  for (let i = 1; i < steps; i++) if (schedule[i]?.thread !== schedule[i - 1]?.thread) switches++;
  return switches;
}

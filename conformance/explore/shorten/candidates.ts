/** What could be left out of a failing run, the largest parts first. Which of it can is for a replay to say. */
import type { Failing } from "./failing";
import { proper, stretchesOf, type Stretch } from "./stretch";

/** Schedules that may be shorter than that of this run and fail as well. */
export function* candidates(failing: Failing): Generator<readonly Stretch[]> {
  const { taken, step, written } = failing;
  const stretches = stretchesOf(taken.slice(0, Math.max(step, written)));
  yield* withoutCalls(stretches, failing.begins);
  yield* withoutStretches(stretches);
  yield* joinedEarlier(stretches);
}

/** Without a thread, or without its last calls: they are not begun before all else is done. */
function* withoutCalls(stretches: readonly Stretch[], begins: Failing["begins"]): Generator<readonly Stretch[]> {
  for (const [thread, calls] of begins.entries())
    for (const begun of calls)
      yield proper(stretches.map((each) => (each.thread === thread ? { thread, upTo: Math.min(each.upTo, begun) } : each)));
}

/** As ddmin does it: halves, quarters and so on down to single stretches. What they did is left to their thread's next. */
function* withoutStretches(stretches: readonly Stretch[]): Generator<readonly Stretch[]> {
  for (let size = Math.floor(stretches.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let start = 0; start + size <= stretches.length; start += size)
      yield proper(stretches.filter((_, i) => i < start || i >= start + size));
}

/** A stretch done together with the one before of the same thread. */
function* joinedEarlier(stretches: readonly Stretch[]): Generator<readonly Stretch[]> {
  for (const [i, stretch] of stretches.entries()) {
    const earlier = stretches.slice(0, i).findLastIndex(({ thread }) => thread === stretch.thread);
    if (earlier >= 0) yield proper(stretches.with(earlier, stretch).filter((_, place) => place !== i));
  }
}

import type { Choice } from "./schedule";
import type { Strategy } from "./strategy";

/** Thrown by `replay` when the schedule asks for a step that cannot be taken. */
export class Misfit extends Error {
  override readonly name = "Misfit";
}

/** One run: the schedule given, then always the first thread that can go on. */
interface Replay extends Strategy {
  /** How many steps of it must be written down: those after them are by the first thread that can go on. */
  readonly written: number;
}

/** Makes the run of a schedule; throws Misfit where it does not fit. */
export function replay(schedule: readonly Choice[]): Replay {
  let fresh = true;
  let written = 0;
  return {
    name: "replay",
    complete: false,
    get written() {
      return written;
    },
    begin: () => fresh && !(fresh = false),
    choose(depth, enabled) {
      const wanted = schedule[depth];
      if (wanted === undefined) return enabled[0];
      const found = enabled.find(({ thread, pick }) => thread === wanted.thread && pick === wanted.pick);
      if (found === undefined)
        throw new Misfit(
          `step ${depth + 1} of the schedule is thread ${wanted.thread}${wanted.pick > 0 ? `, pick ${wanted.pick}` : ""}, which cannot go on there`,
        );
      if (found !== enabled[0]) written = depth + 1;
      return found;
    },
  };
}

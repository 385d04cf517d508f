import type { Choice } from "./schedule";
import type { Strategy } from "./strategy";

/** Thrown by `replay` when the schedule asks for a step that cannot be taken. */
export class Misfit extends Error {
  override readonly name = "Misfit";
}

/** One run: the schedule given, then always the first thread that can go on. Throws Misfit. */
export function replay(schedule: readonly Choice[]): Strategy {
  let fresh = true;
  return {
    name: "replay",
    complete: false,
    begin: () => fresh && !(fresh = false),
    choose(depth, enabled) {
      const wanted = schedule[depth];
      if (wanted === undefined) return enabled[0];
      const found = enabled.find(({ thread, pick }) => thread === wanted.thread && pick === wanted.pick);
      if (found === undefined)
        throw new Misfit(
          `step ${depth + 1} of the schedule is thread ${wanted.thread}${wanted.pick > 0 ? `, pick ${wanted.pick}` : ""}, which cannot go on there`,
        );
      return found;
    },
  };
}

import type { Transition } from "../footprint";
import type { Choice } from "../schedule";
import type { Strategy, There } from "../strategy";
import type { Stretch } from "./stretch";

/**
 * One run: stretch after stretch, each as far as its thread can go, then always the first thread that
 * can go on. A thread's picks are those of the schedule given.
 */
export class Attempt implements Strategy {
  readonly name = "replay";
  readonly complete = false;
  /** How many steps must be written down: those after them are by the first thread that can go on. */
  written = 0;
  /** After how many steps each thread was there. */
  readonly born: number[] = [];
  private fresh = true;
  private at = 0;
  private readonly progress: number[] = [];
  private readonly picks: number[][] = [];

  constructor(
    private readonly stretches: readonly Stretch[],
    picks: readonly Choice[],
  ) {
    for (const { thread, pick } of picks) (this.picks[thread] ??= []).push(pick);
  }

  begin(): boolean {
    return this.fresh && !(this.fresh = false);
  }

  choose(depth: number, enabled: readonly Transition[], { threads }: There): Transition | undefined {
    while (this.born.length < threads) this.born.push(depth);
    const chosen = this.next(enabled) ?? enabled[0];
    if (chosen === undefined) return undefined;
    if (chosen !== enabled[0]) this.written = depth + 1;
    this.progress[chosen.thread] = this.done(chosen.thread) + 1;
    return chosen;
  }

  private done(thread: number): number {
    return this.progress[thread] ?? 0;
  }

  private next(enabled: readonly Transition[]): Transition | undefined {
    for (; this.at < this.stretches.length; this.at++) {
      const { thread, upTo } = this.stretches[this.at] as Stretch;
      const done = this.done(thread);
      if (done >= upTo) continue;
      const own = enabled.filter((transition) => transition.thread === thread);
      const pick = this.picks[thread]?.[done] ?? 0;
      const found = own.find((transition) => transition.pick === pick) ?? own[0];
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

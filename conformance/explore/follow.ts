import type { Transition } from "./footprint";
import { markOf, type Choice } from "./schedule";
import type { Strategy } from "./strategy";

/** Where a schedule stopped to fit. */
export interface Divergence {
  /** After so many steps. */
  readonly after: number;
  readonly thread: number;
  /** What the thread announced instead; undefined if it could not go on. */
  readonly announced: string | undefined;
  /** What the schedule had there, if that can be told. */
  readonly had: string | undefined;
}

/** So many steps in a row may be new to a schedule before it is taken to have others instead. */
const MOST_NEW = 8;

/**
 * One run, along a schedule that may be of another version of what runs: as far as it goes, then always
 * the first thread that can go on. A thread that announces something else than the schedule has takes
 * that step besides, until it comes to what the schedule has; unless it is past that already. Who
 * cannot go on is passed over. Where that begins is remembered.
 */
export class Follow implements Strategy {
  readonly name = "replay";
  readonly complete = false;
  private fresh = true;
  private at = 0;
  private newSteps = 0;
  private first: { readonly divergence: Divergence; readonly at: number } | undefined;

  constructor(private readonly schedule: readonly Choice[]) {}

  /** Where the schedule first did not fit; undefined if it fits. */
  get divergence(): Divergence | undefined {
    return this.first?.divergence;
  }

  begin(): boolean {
    return this.fresh && !(this.fresh = false);
  }

  choose(depth: number, enabled: readonly Transition[]): Transition | undefined {
    for (; this.at < this.schedule.length; this.at++) {
      const wanted = this.schedule[this.at] as Choice;
      const own = enabled.filter(({ thread }) => thread === wanted.thread);
      const [next] = own;
      const found = own.find(({ pick }) => pick === wanted.pick);
      const fits = next !== undefined && (wanted.mark === undefined || markOf(next.does) === wanted.mark);
      // What was missed before is known once it is met.
      if (fits) this.had(inWords(next));
      if (!fits || found === undefined) this.diverged(depth, wanted.thread, next);
      if (next === undefined) continue;
      if (!fits && this.isPast(next)) {
        this.had("one more before it");
        continue;
      }
      if (!fits && this.newSteps++ < MOST_NEW) return next;
      this.newSteps = 0;
      this.at++;
      return found ?? next;
    }
    return enabled[0];
  }

  /** Whether a thread announces what the schedule has for its next step but one. */
  private isPast({ thread, does }: Transition): boolean {
    const later = this.schedule.slice(this.at + 1).find((choice) => choice.thread === thread);
    return later?.mark === markOf(does);
  }

  private diverged(after: number, thread: number, announced: Transition | undefined): void {
    this.first ??= { at: this.at, divergence: { after, thread, announced: announced && inWords(announced), had: undefined } };
  }

  /** What the schedule has here, if it is here that it first did not fit. */
  private had(had: string): void {
    if (this.first?.at === this.at) this.first = { at: -1, divergence: { ...this.first.divergence, had } };
  }
}

function inWords({ does }: Transition): string {
  return `${does.kind.replaceAll("_", " ")} of ${does.objects.join(", ")}`;
}

import type { Dependent, Transition } from "../footprint";

/** How many of its steps each thread has taken. Of a thread that is not there, none. */
export type Progress = readonly number[];

/**
 * The Mazurkiewicz trace of a run: its steps, and for each which others must come before it. Every
 * order that keeps to that is the same run to all threads and to all claims.
 */
export class Trace {
  readonly threads: number;
  /** For each step of the run, how many steps of each thread it comes after. */
  private readonly after: Progress[] = [];
  /** For each thread, which steps of the run are its own. */
  private readonly own: number[][] = [];
  /** For each step of the run, its place among those of its thread. */
  private readonly place: number[] = [];

  /** `born` says after how many steps of the run each thread was there. */
  constructor(
    private readonly steps: readonly Transition[],
    private readonly dependent: Dependent,
    born: readonly number[],
  ) {
    this.threads = steps.reduce((most, { thread }) => Math.max(most, thread + 1), 0);
    for (let thread = 0; thread < this.threads; thread++) this.own.push([]);
    for (const [n, { thread }] of steps.entries()) {
      this.after.push(this.before(n, born[thread] ?? 0));
      this.place.push(this.own[thread]?.length ?? 0);
      this.own[thread]?.push(n);
    }
  }

  /** All steps. */
  get whole(): Progress {
    return this.own.map((steps) => steps.length);
  }

  /** What must have been done for one step of the run to be done, and that step. */
  past(n: number): Progress {
    const thread = this.steps[n]?.thread;
    return this.own.map((_, each) => (each === thread ? (this.place[n] ?? 0) + 1 : (this.after[n]?.[each] ?? 0)));
  }

  /** How far a thread comes alone from where all stand, up to `to`. */
  reach(done: Progress, thread: number, to: Progress): number {
    const limit = to[thread] ?? 0;
    let reached = done[thread] ?? 0;
    while (reached < limit && this.isEnabled(this.own[thread]?.[reached] ?? -1, thread, done)) reached++;
    return reached;
  }

  private isEnabled(n: number, thread: number, done: Progress): boolean {
    const after = this.after[n] ?? [];
    for (let other = 0; other < this.threads; other++) if (other !== thread && (after[other] ?? 0) > (done[other] ?? 0)) return false;
    return true;
  }

  private before(n: number, born: number): number[] {
    const { steps, own, after, place } = this;
    const clock = new Array<number>(this.threads).fill(0);
    const join = (earlier: number): void => {
      const thread = steps[earlier]?.thread ?? 0;
      for (const [each, count] of (after[earlier] ?? []).entries()) clock[each] = Math.max(clock[each] ?? 0, count);
      clock[thread] = Math.max(clock[thread] ?? 0, (place[earlier] ?? 0) + 1);
    };
    const step = steps[n] as Transition;
    const previous = own[step.thread]?.at(-1) ?? born - 1;
    if (previous >= 0) join(previous);
    for (const [thread, theirs] of own.entries()) {
      if (thread === step.thread) continue;
      // What comes before the last that it depends on is before that one too.
      let last = theirs.length - 1;
      while (last >= (clock[thread] ?? 0) && !this.dependent(steps[theirs[last] as number] as Transition, step)) last--;
      if (last >= (clock[thread] ?? 0)) join(theirs[last] as number);
    }
    return clock;
  }
}

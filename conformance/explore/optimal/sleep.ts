/**
 * Sleep sets (Godefroid): at each prefix of E, the steps that need not be taken there, since what
 * begins with them was explored. A step sleeps, with its pick, until one that depends on it is taken.
 *
 * A sleeper is _foreign_ if what begins with it is being explored elsewhere at the same time
 * (parallel/trunk.ts): its bit-wise complement stands for it.
 */
import type { Continuation } from "./sequence";
import { NO_STEP, type Steps } from "./steps";

/** The sleep sets along E, one after the other in one array. */
export class SleepSets {
  private sleepers = new Int32Array(1024);
  private readonly from: number[] = [0];
  private readonly to: number[] = [0];
  /** Where those end that slept already when the prefix was reached. */
  private readonly inherited: number[] = [0];

  constructor(private readonly steps: Steps) {}

  has(depth: number, step: number): boolean {
    const { sleepers } = this;
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++)
      if (sleepers[i] === step || sleepers[i] === ~step) return true;
    return false;
  }

  /** Who still sleeps after this step was taken at `depth`. */
  after(depth: number, step: number): void {
    let end = this.to[depth] as number;
    this.from[depth + 1] = end;
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++) {
      const asleep = this.sleepers[i] as number;
      if (!this.steps.depends(asleep < 0 ? ~asleep : asleep, step)) this.put(end++, asleep);
    }
    this.inherited[depth + 1] = this.to[depth + 1] = end;
  }

  /** All that begins with this step at `depth` was explored; or, of the complement of a step, is being explored elsewhere. */
  explored(depth: number, step: number): void {
    const end = this.to[depth] as number;
    this.put(end, step);
    this.to[depth] = end + 1;
  }

  /** What was explored from this prefix, the complements of what elsewhere. */
  exploredAt(depth: number): number[] {
    return [...this.sleepers.subarray(this.inherited[depth], this.to[depth])];
  }

  covers(depth: number, v: Continuation): boolean {
    return areCovering(this.sleepers, this.from[depth] as number, this.to[depth] as number, v, this.steps);
  }

  /** Whether v begins with a sleeper, after swaps of independent steps, so that all is explored elsewhere that begins with v. */
  coversWhole(depth: number, v: Continuation): boolean {
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++) {
      const asleep = this.sleepers[i] as number;
      const step = asleep < 0 ? ~asleep : asleep;
      const thread = this.steps.thread[step] as number;
      if (v.nextOf(thread) === step && v.isInitial(thread)) return true;
    }
    return false;
  }

  private put(place: number, step: number): void {
    if (place === this.sleepers.length) {
      const longer = new Int32Array(place * 2);
      longer.set(this.sleepers);
      this.sleepers = longer;
    }
    this.sleepers[place] = step;
  }
}

/**
 * Whether v need not be explored where these sleep: a sleeper is a weak initial of it. A foreign one that
 * v does not have proves nothing: to the others v begins with what is explored here, and they leave it
 * to us. Nor do others then, since what they have planned may have gone to where the foreign one is explored.
 */
export function areCovering(sleepers: ArrayLike<number>, from: number, to: number, v: Continuation, steps: Steps): boolean {
  let [own, foreign] = [false, false];
  for (let i = from; i < to; i++) {
    const asleep = sleepers[i] as number;
    const step = asleep < 0 ? ~asleep : asleep;
    const thread = steps.thread[step] as number;
    const next = v.nextOf(thread);
    if (next === step && v.isInitial(thread)) return true;
    if (next !== NO_STEP || !v.isIndependentOf(step)) continue;
    if (asleep < 0) foreign = true;
    else own = true;
  }
  return own && !foreign;
}

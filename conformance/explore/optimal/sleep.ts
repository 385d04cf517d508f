/**
 * Sleep sets (Godefroid): at each prefix of E, the steps that need not be taken there, since what
 * begins with them was explored. A step sleeps, with its pick, until one that depends on it is taken.
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
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++) if (this.sleepers[i] === step) return true;
    return false;
  }

  /** Whether each of those who sleep depends on one of these steps. */
  areWokenBy(depth: number, taken: readonly number[]): boolean {
    const { sleepers, steps } = this;
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++)
      if (!steps.dependsOnAny(sleepers[i] as number, taken)) return false;
    return true;
  }

  /** Who still sleeps after this step was taken at `depth`. */
  after(depth: number, step: number): void {
    let end = this.to[depth] as number;
    this.from[depth + 1] = end;
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++) {
      const asleep = this.sleepers[i] as number;
      if (!this.steps.depends(step, asleep)) this.put(end++, asleep);
    }
    this.inherited[depth + 1] = this.to[depth + 1] = end;
  }

  /** All that begins with this step at `depth` was explored. */
  explored(depth: number, step: number): void {
    const end = this.to[depth] as number;
    this.put(end, step);
    this.to[depth] = end + 1;
  }

  /** What was explored from this prefix. */
  exploredAt(depth: number): number[] {
    return [...this.sleepers.subarray(this.inherited[depth], this.to[depth])];
  }

  /** As below, of those who sleep at `depth`. */
  covering(depth: number, v: Continuation): number {
    return covering(this.sleepers, this.from[depth] as number, this.to[depth] as number, v, this.steps);
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

/** Which of these sleepers covers v, being a weak initial of it: then v need not be explored; NO_STEP if none does. */
export function covering(sleepers: ArrayLike<number>, from: number, to: number, v: Continuation, steps: Steps): number {
  for (let i = from; i < to; i++) {
    const asleep = sleepers[i] as number;
    const thread = steps.thread[asleep] as number;
    const next = v.nextOf(thread);
    if (next === NO_STEP ? v.isIndependentOf(asleep) : next === asleep && v.isInitial(thread)) return asleep;
  }
  return NO_STEP;
}

/**
 * Sleep sets (Godefroid): at each prefix of E, the steps that need not be taken there, since what
 * begins with them was explored. A step sleeps, with its pick, until one that depends on it is taken.
 */
import type { Sequence } from "./sequence";
import { NO_STEP, type Steps } from "./steps";

/** The sleep sets along E, one after the other in one array. */
export class SleepSets {
  private sleepers = new Int32Array(1024);
  private readonly from: number[] = [0];
  private readonly to: number[] = [0];

  constructor(private readonly steps: Steps) {}

  has(depth: number, step: number): boolean {
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++) if (this.sleepers[i] === step) return true;
    return false;
  }

  /** Who still sleeps after this step was taken at `depth`. */
  after(depth: number, step: number): void {
    let end = this.to[depth] as number;
    this.from[depth + 1] = end;
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++) {
      const asleep = this.sleepers[i] as number;
      if (!this.steps.depends(asleep, step)) this.put(end++, asleep);
    }
    this.to[depth + 1] = end;
  }

  /** All that begins with this step at `depth` was explored. */
  explored(depth: number, step: number): void {
    const end = this.to[depth] as number;
    this.put(end, step);
    this.to[depth] = end + 1;
  }

  /** Whether v need not be explored from `depth`: a sleeper is a weak initial of it. */
  covers(depth: number, v: Sequence): boolean {
    const { sleepers, steps } = this;
    for (let i = this.from[depth] as number; i < (this.to[depth] as number); i++) {
      const asleep = sleepers[i] as number;
      const thread = steps.thread[asleep] as number;
      const next = v.nextOf(thread);
      if (next === NO_STEP ? v.isIndependentOf(asleep) : next === asleep && v.isInitial(thread)) return true;
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

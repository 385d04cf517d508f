/**
 * v, a sequence of steps that could follow a prefix E' of E but did not: what is to be explored.
 * Steps can be taken out of it from the front, up to swaps of independent ones.
 */
import { NO_STEP, THREADS, type Steps } from "./steps";
import type { Execution } from "./execution";

/** What can be asked of v. */
export type Continuation = Pick<Sequence, "left" | "isSure" | "nextOf" | "isInitial" | "isIndependentOf" | "takeOut" | "rest">;

/** v, with for each step the row of its clock: which steps of v must come before it. */
export class Sequence {
  length = 0;
  /** The place of the step that v was made for. What comes after it may be otherwise once E ends otherwise. */
  made = 0;
  /** Whether nothing that has become of v depends on what comes after that step, or on v being no longer than it is. */
  isSure = true;
  readonly step: number[] = [];
  private readonly row: number[] = [];
  /** The threads that have steps left in v, as a set in a word. */
  private threads = 0;
  /** For each of them, the place of its next step, and the index that this has as an event; for each place, that of the same thread's next one, or -1. */
  private readonly head = new Int32Array(THREADS);
  private readonly due = new Int32Array(THREADS);
  private readonly next: number[] = [];
  /** How many steps are left. */
  left = 0;
  /** Whether `steps in v` is known: how many of each, and the set. */
  private counted = false;
  private times = new Int32Array(0);
  private set = new Uint32Array(0);
  /** Where `needed` gathers them. */
  private readonly found: number[] = [];

  constructor(
    private readonly execution: Execution,
    private readonly steps: Steps,
  ) {}

  begin(): void {
    this.length = 0;
    this.counted = false;
    this.isSure = true;
  }

  /** Appends a step whose clock is at `row`, with its own index. */
  add(step: number, row: number): void {
    this.step[this.length] = step;
    this.row[this.length++] = row;
  }

  rowAt(place: number): number {
    return this.row[place] as number;
  }

  /** All steps were added. */
  end(): void {
    const { head, due, next, step, row } = this;
    const { clock } = this.execution;
    const { thread } = this.steps;
    this.threads = 0;
    for (let i = this.length - 1; i >= 0; i--) {
      const own = thread[step[i] as number] as number;
      next[i] = this.placeOf(own);
      this.threads |= 1 << own;
      head[own] = i;
      due[own] = clock[(row[i] as number) + own] as number;
    }
    this.left = this.length;
  }

  /** The place of the next step of a thread that is left, or -1. */
  private placeOf(thread: number): number {
    return ((this.threads >>> thread) & 1) === 1 ? (this.head[thread] as number) : -1;
  }

  /** The next step of a thread that is left, or NO_STEP. */
  nextOf(thread: number): number {
    const place = this.placeOf(thread);
    return place < 0 ? NO_STEP : (this.step[place] as number);
  }

  /** Whether the next step of a thread is an initial: nothing that is left must come before it. */
  isInitial(thread: number): boolean {
    const { due } = this;
    const { clock } = this.execution;
    const row = this.row[this.head[thread] as number] as number;
    for (let others = this.threads & ~(1 << thread); others !== 0; others &= others - 1) {
      const t = 31 - Math.clz32(others & -others);
      if ((clock[row + t] as number) >= (due[t] as number)) return false;
    }
    return true;
  }

  /** Whether a step of another thread is independent of all that is left. */
  isIndependentOf(step: number): boolean {
    if (!this.counted) this.countSteps();
    const { rows, words } = this.steps;
    const { set } = this;
    for (let w = 0, at = step * words; w < words; w++, at++) if (((rows[at] as number) & (set[w] as number)) !== 0) return false;
    return true;
  }

  /** Whether the next step of this thread is there, and comes no later than the one that v was made for. */
  hasEarly(thread: number): boolean {
    const place = this.placeOf(thread);
    return place >= 0 && place <= this.made;
  }

  /** Takes out the next step of a thread. */
  takeOut(thread: number): void {
    const place = this.head[thread] as number;
    if (place > this.made) this.isSure = false;
    const next = this.next[place] as number;
    if (next < 0) this.threads &= ~(1 << thread);
    this.head[thread] = next;
    this.due[thread] = (this.due[thread] as number) + 1;
    this.left--;
    const step = this.step[place] as number;
    if (!this.counted) return;
    this.times[step] = (this.times[step] as number) - 1;
    if (this.times[step] === 0) this.set[step >>> 5] = (this.set[step >>> 5] as number) & ~(1 << (step & 31));
  }

  /** The step that v was made for, after what must come before it. */
  needed(): number[] {
    const { row, step, made } = this;
    const { clock } = this.execution;
    const { thread } = this.steps;
    const last = row[made] as number;
    const { found } = this;
    let count = 0;
    for (let i = 0; i < made; i++) {
      const own = thread[step[i] as number] as number;
      if ((clock[last + own] as number) >= (clock[(row[i] as number) + own] as number)) found[count++] = step[i] as number;
    }
    found[count++] = step[made] as number;
    // A wakeup tree holds many of these: no longer than they must be.
    return found.slice(0, count);
  }

  /** What is left, in order. */
  rest(): number[] {
    const { step, left } = this;
    const { thread } = this.steps;
    const rest = new Array<number>(left);
    for (let i = 0, place = 0; place < left; i++) {
      const first = this.placeOf(thread[step[i] as number] as number);
      if (first >= 0 && i >= first) rest[place++] = step[i] as number;
    }
    return rest;
  }

  private countSteps(): void {
    this.counted = true;
    const { words } = this.steps;
    if (this.set.length < words) {
      this.set = new Uint32Array(words);
      this.times = new Int32Array(words * 32);
    }
    const { set, times } = this;
    for (let w = 0; w < words; w++) set[w] = 0;
    for (let i = 0; i < this.length; i++) times[this.step[i] as number] = 0;
    for (let i = 0; i < this.length; i++) {
      const step = this.step[i] as number;
      const first = this.placeOf(this.steps.thread[step] as number);
      if (first < 0 || i < first) continue;
      times[step] = (times[step] as number) + 1;
      set[step >>> 5] = (set[step >>> 5] as number) | (1 << (step & 31));
    }
  }
}

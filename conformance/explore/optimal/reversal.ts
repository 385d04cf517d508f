/**
 * To turn a race round: from the prefix E' of E before its first event e, explore
 * v = notdep(e, E).q, all of E that does not depend on e, with the step q that raced with e put
 * where it can come first. E is maximal, so what came after q and does not depend on e is in v too.
 */
import type { Execution } from "./execution";
import { interrupterAgainst } from "./handlers";
import { OpenSections } from "./locks";
import { Sequence } from "./sequence";
import { isWait, NO_STEP, Role, type Steps } from "./steps";
import { couldGoOn } from "./waits";

/** Makes v for one race after the other; there is one v at a time. */
export class Reversal {
  readonly v: Sequence;
  /** A race that nothing can be said about was met: the wait that it was about. */
  unclear: number | undefined;
  /** The events that are put off, with all that depends on them: e, and what keeps q waiting. */
  readonly delayed: number[] = [];
  private readonly sections: OpenSections;
  /** The race that was taken up: q, the event before it in its thread, and how far E goes before q. */
  private second = 0;
  private step = NO_STEP;
  private before = 0;
  private end = 0;
  private immediate = false;

  constructor(
    private readonly execution: Execution,
    private readonly steps: Steps,
  ) {
    this.v = new Sequence(execution, steps);
    this.sections = new OpenSections(execution);
  }

  /**
   * Takes up the race of the event `first` with q, which is `step`, taken as the event `second` or, if
   * that is negative, pending at the end of E; `immediate` if that event is all that q depends on. Puts
   * off what must be for q to be able to come first; false if that cannot be.
   */
  begin(first: number, second: number, step: number, immediate: boolean): boolean {
    const { execution, delayed } = this;
    this.second = second;
    this.step = step;
    this.immediate = immediate;
    this.end = second >= 0 ? second : execution.length;
    this.before = second >= 0 ? (execution.previous[second] as number) : execution.before(this.steps.thread[step] as number);
    if (delayed.length > 1) delayed.length = 1;
    delayed[0] = first;
    return immediate || this.putOffHolders(first, step, this.before, this.end);
  }

  /** Whether nothing in v would have to come before q: a sleeper that is the same step then covers v, and v need not be made to see it. */
  isInitial(): boolean {
    const { execution, steps, step, second, before, end, immediate } = this;
    const first = this.delayed[0] as number;
    if (before > first) return false;
    const row = execution.row(second);
    for (let e = first + 1; e < end; e++)
      if (immediate ? execution.isIn(e, row) : steps.depends(step, execution.step[e] as number) && !this.isDelayed(e)) return false;
    return true;
  }

  /** Makes v; false if q cannot come first. */
  make(): boolean {
    const { execution, step, before, immediate } = this;
    const first = this.delayed[0] as number;
    if (isWait(this.steps.role[step])) {
      const answer = couldGoOn(execution, step, before, first, this.end, this.isDelayed);
      if (answer === "unclear") this.unclear ??= step;
      if (answer !== "yes") return false;
    }
    if (!immediate && before >= first && this.isDelayed(before)) return false;
    this.fill(first);
    return true;
  }

  /** Those who would hold the lock or the stack are put off too, and what then depends on them, until nobody is left. */
  putOffHolders(first: number, step: number, before: number, end: number): boolean {
    for (;;) {
      let holder = this.holder(first, step, end);
      if (holder < 0) holder = interrupterAgainst(this.execution, step, before, end, this.isDelayed);
      if (holder < 0) return true;
      if (holder < first) return false;
      this.delayed.push(holder);
    }
  }

  /** Who would hold the lock, if the step acquires one; -1 if nobody would. */
  holder(first: number, step: number, end: number): number {
    const { execution, steps } = this;
    const role = steps.role[step];
    if (role !== Role.Write && role !== Role.Read) return -1;
    const raced = execution.step[first] as number;
    // Nobody else can hold a lock just before somebody writes.
    if (steps.role[raced] === Role.Write && steps.object[raced] === steps.object[step]) return -1;
    return this.sections.holderAgainst(step, end, this.isDelayed);
  }

  /** Whether an event is put off, or depends on one that is. */
  readonly isDelayed = (event: number): boolean => {
    const { execution, delayed } = this;
    if (event < (delayed[0] as number)) return false;
    const row = execution.row(event);
    for (const each of delayed) if (execution.isIn(each, row)) return true;
    return false;
  };

  private fill(first: number): void {
    const { execution, v, second, step, before } = this;
    const row = execution.scratch;
    const own = this.steps.thread[step] as number;
    v.begin();
    this.addKept(first + 1, this.end);
    if (this.immediate) this.clockWithout(first, second, row);
    else this.clockAfter(before, step, row);
    execution.clock[row + own] = (execution.clock[execution.row(before) + own] as number) + 1;
    v.made = v.length;
    v.add(step, row);
    if (second >= 0) this.addTail(second);
    v.end();
  }

  /** The clock of the event `second` if `first`, on which alone it depends directly, had not been. */
  private clockWithout(first: number, second: number, row: number): void {
    const { execution } = this;
    execution.copy(row, execution.row(second));
    execution.clock[row + (execution.thread[first] as number)] = (execution.index[first] as number) - 1;
  }

  /** The clock of q in its new place: after its thread's event before it, and after what is kept and depends on it. */
  clockAfter(before: number, step: number, row: number): void {
    const { execution, steps, v } = this;
    execution.copy(row, execution.row(before));
    for (let i = 0; i < v.length; i++) if (steps.depends(step, v.step[i] as number)) execution.join(row, v.rowAt(i));
  }

  /** What came after the event that is to come first. */
  addTail(second: number): void {
    this.addKept(second + 1, this.execution.length);
  }

  private addKept(from: number, to: number): void {
    const { execution, delayed, v } = this;
    const first = delayed[0] as number;
    const thread = execution.thread[first] as number;
    const index = execution.index[first] as number;
    const alone = delayed.length === 1;
    const { clock } = execution;
    for (let k = from; k < to; k++) {
      const row = execution.row(k);
      if (alone ? (clock[row + thread] as number) < index : !this.isDelayed(k)) v.add(execution.step[k] as number, row);
    }
  }
}

/**
 * To turn a race round: from the prefix E' of E before its first event e, explore
 * v = notdep(e, E).q, all of E that does not depend on e, with the step q that raced with e put
 * where it can come first. E is maximal, so what came after q and does not depend on e is in v too.
 */
import type { Execution } from "./execution";
import { OpenSections } from "./locks";
import { Sequence } from "./sequence";
import { isWait, Role, type Steps } from "./steps";
import { couldGoOn } from "./waits";

/** Makes v for one race after the other; there is one v at a time. */
export class Reversal {
  readonly v: Sequence;
  /** A race that nothing can be said about was met: the wait that it was about. */
  unclear: number | undefined;
  /** The events that are put off, with all that depends on them: e, and what keeps q waiting. */
  private readonly delayed: number[] = [];
  private readonly sections: OpenSections;

  constructor(
    private readonly execution: Execution,
    private readonly steps: Steps,
  ) {
    this.v = new Sequence(execution, steps);
    this.sections = new OpenSections(execution);
  }

  /**
   * Makes v for the race of the event `first` with q, which is `step`, taken as the event `second`
   * or, if that is negative, pending at the end of E. False if q cannot come first.
   */
  make(first: number, second: number, step: number, immediate: boolean): boolean {
    const { execution, delayed } = this;
    const end = second >= 0 ? second : execution.length;
    const before = second >= 0 ? (execution.previous[second] as number) : execution.before(this.steps.thread[step] as number);
    delayed.length = 1;
    delayed[0] = first;
    if (!this.isPossible(first, step, before, end, immediate)) return false;
    this.fill(first, second, step, before, immediate);
    return true;
  }

  /** Puts off what must be for q to be able to come first; false if that cannot be. */
  private isPossible(first: number, step: number, before: number, end: number, immediate: boolean): boolean {
    const role = this.steps.role[step];
    if (role === Role.Write || role === Role.Read) {
      if (!immediate && !this.putOffHolders(first, step, end)) return false;
    } else if (isWait(role)) {
      const answer = couldGoOn(this.execution, step, before, first, end, this.isDelayed);
      if (answer === "unclear") this.unclear ??= step;
      if (answer !== "yes") return false;
    }
    return immediate || before < first || !this.isDelayed(before);
  }

  /** Those who would hold the lock are put off too, and what then depends on them, until nobody is left. */
  private putOffHolders(first: number, step: number, end: number): boolean {
    const { execution, steps, delayed } = this;
    const raced = execution.step[first] as number;
    // Nobody else can hold a lock just before somebody writes.
    if (steps.role[raced] === Role.Write && steps.object[raced] === steps.object[step]) return true;
    for (;;) {
      const holder = this.sections.holderAgainst(step, end, this.isDelayed);
      if (holder < 0) return true;
      if (holder < first) return false;
      delayed.push(holder);
    }
  }

  /** Whether an event is put off, or depends on one that is. */
  private readonly isDelayed = (event: number): boolean => {
    const { execution, delayed } = this;
    if (event < (delayed[0] as number)) return false;
    const row = execution.row(event);
    for (const each of delayed) if (execution.isIn(each, row)) return true;
    return false;
  };

  private fill(first: number, second: number, step: number, before: number, immediate: boolean): void {
    const { execution, v } = this;
    v.begin(first);
    const end = second >= 0 ? second : execution.length;
    this.addKept(first + 1, end);
    const row = execution.scratch;
    if (immediate) {
      execution.copy(row, execution.row(second));
      const raced = row + (execution.thread[first] as number);
      execution.clock[raced] = (execution.index[first] as number) - 1;
    } else {
      execution.copy(row, execution.row(before));
      for (let i = 0; i < v.length; i++) if (this.steps.depends(step, v.step[i] as number)) execution.join(row, v.rowAt(i));
    }
    v.add(step, row);
    if (second >= 0) this.addKept(second + 1, execution.length);
    v.end();
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

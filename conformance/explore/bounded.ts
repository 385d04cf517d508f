/**
 * A bound on preemptions (Musuvathi, Qadeer, _Iterative Context Bounding for Systematic Testing of
 * Multithreaded Programs_, PLDI 2007): first every schedule in which a thread goes on until it
 * cannot, then those in which one is put off once although it could go on, then twice, and so on.
 *
 * A preemption is a step of another thread than the last one, which could have gone on; the start of
 * a handler on its stack is one too. Nothing is reduced: leaving out what only swaps independent
 * steps would leave out the only way to some states that stays within the bound. What is found takes
 * as few preemptions as any schedule that shows a failure; what is not found proves nothing. Schedules
 * that are still to be run are remembered, so memory grows with their number.
 */
import type { Transition } from "./footprint";
import type { Strategy, Told } from "./strategy";

/** A schedule that is still to be run: as `run` for `depth` steps, then this one. */
interface Branch {
  readonly run: readonly Transition[];
  readonly depth: number;
  readonly step: Transition;
}

/** Every schedule with at most so many preemptions, those with fewer first. */
export function bounded(most: number): Strategy {
  return new Bounded(most);
}

class Bounded implements Strategy {
  readonly name = "bounded";
  readonly complete = false;
  prefix = 0;
  /** What is left with as many preemptions as are allowed now, and with one more. */
  private left: Branch[] = [];
  private later: Branch[] = [];
  private bound = 0;
  /** Every schedule with so many preemptions at most was run. */
  private done: number | undefined;
  /** The schedule of the present run, as far as it was decided. */
  private taken: Transition[] = [];
  private fresh = true;

  constructor(private readonly most: number) {}

  told(): Told {
    return this.done === undefined ? {} : { preemptions: this.done };
  }

  begin(): boolean {
    if (this.fresh) return !(this.fresh = false);
    if (this.left.length === 0 && !this.allowOneMore()) return false;
    const next = this.left.pop();
    if (next !== undefined) this.follow(next);
    return next !== undefined;
  }

  choose(depth: number, enabled: readonly Transition[]): Transition | undefined {
    const decided = this.taken[depth];
    if (decided !== undefined) return decided;
    const last = this.taken.at(-1)?.thread;
    const goesOn = enabled.find(({ thread }) => thread === last);
    const step = goesOn ?? enabled[0];
    for (const other of enabled) {
      if (other === step) continue;
      const isPreemption = goesOn !== undefined && other.thread !== last;
      if (!isPreemption) this.left.push({ run: this.taken, depth, step: other });
      else if (this.bound < this.most) this.later.push({ run: this.taken, depth, step: other });
    }
    if (step !== undefined) this.taken.push(step);
    return step;
  }

  private allowOneMore(): boolean {
    this.done = this.later.length === 0 ? this.most : this.bound;
    if (this.done === this.most) return false;
    this.bound++;
    [this.left, this.later] = [this.later, []];
    return true;
  }

  private follow({ run, depth, step }: Branch): void {
    let same = 0;
    while (same < depth && this.taken[same] === run[same]) same++;
    this.prefix = same;
    this.taken = [...run.slice(0, depth), step];
  }
}

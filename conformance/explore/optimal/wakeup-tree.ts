/**
 * Wakeup trees: what is still to be explored from each prefix of E. A node's branches are sequences
 * of steps, in the order in which they will be explored. No branch makes another superfluous: what
 * a new sequence has in common with a branch, up to swaps of independent steps, goes down that branch.
 */
import type { Continuation } from "./sequence";
import { NO_STEP, type Steps } from "./steps";

/** Steps to take one after the other, from the place `at` on, and the branches after the last. */
export interface Branch {
  readonly steps: readonly number[];
  at: number;
  end: number;
  then: Branch[];
}

/** What follows a branch after which exploration goes on as it likes. */
const NOTHING: Branch[] = [];

/** A branch of its own. */
export function branchOf(steps: readonly number[]): Branch {
  return { steps, at: 0, end: steps.length, then: NOTHING };
}

/** What follows the first step of a branch: what is left of it, which is put into `empty`, or where it divides. */
export function below(branch: Branch, empty: Branch[]): Branch[] {
  if (++branch.at === branch.end) return branch.then.length > 0 ? branch.then : empty;
  empty.push(branch);
  return empty;
}

/**
 * Inserts v, unless a branch that is to be explored covers it: then all of v, or of what it leads
 * to, is explored there. Of a v that has nothing in common with any branch it is `apart` that says
 * what to take. Gives whether it was inserted; `v.isSure` says whether that is the end of it, whatever
 * v is after the step that it was made for.
 */
export function insert(v: Continuation, branches: Branch[], steps: Steps, apart?: () => readonly number[]): boolean {
  let list = branches;
  for (;;) {
    let place = 0;
    let to = 0;
    for (; place < list.length; place++) {
      to = follow(v, list[place] as Branch, steps);
      if (to > (list[place] as Branch).at) break;
    }
    const branch = list[place];
    if (branch === undefined) {
      list.push(branchOf(apart !== undefined && list === branches ? apart() : all(v)));
      return true;
    }
    if (to === branch.end && branch.then.length === 0) return false;
    if (v.left === 0) {
      v.isSure = false;
      return false;
    }
    if (to < branch.end) {
      const rest: Branch = { steps: branch.steps, at: to, end: branch.end, then: branch.then };
      branch.end = to;
      branch.then = [rest, branchOf(all(v))];
      return true;
    }
    list = branch.then;
  }
}

/** All that is left of v. */
function all(v: Continuation): number[] {
  v.isSure = false;
  return v.rest();
}

/** Takes out of v what it has in common with a branch, and says how far that goes. */
function follow(v: Continuation, branch: Branch, steps: Steps): number {
  let to = branch.at;
  while (to < branch.end && v.left > 0 && takeWeakInitial(v, branch.steps[to] as number, steps)) to++;
  return to;
}

/** Whether v could begin with this step, after swaps of independent ones; if it has it, it is taken out. */
function takeWeakInitial(v: Continuation, step: number, steps: Steps): boolean {
  const thread = steps.thread[step] as number;
  const next = v.nextOf(thread);
  if (next === NO_STEP) {
    if (!v.isIndependentOf(step)) return false;
    v.isSure = false;
    return true;
  }
  if (next !== step || !v.isInitial(thread)) return false;
  v.takeOut(thread);
  return true;
}

/** Allocations that can fail: where, the explorer chooses, within the case's budget. */
import { step, within, type Step, type Task, type Thing } from "../task";

/** How many allocations of one run may still fail. */
export class FaultBudget implements Thing {
  readonly name = "faults.alloc";
  readonly pick: Step = step("pick", [this], undefined, undefined, 2);
  left: number;

  constructor(readonly allowed: number) {
    this.left = allowed;
  }
}

/** Whether this allocation succeeds. Without a fault budget it does, and is no step. */
export function* kmalloc(): Task<boolean> {
  const budget = within().faults;
  if (budget.allowed === 0) return true;
  const fails = (yield budget.pick) === 1 && budget.left > 0;
  if (fails) budget.left--;
  return !fails;
}

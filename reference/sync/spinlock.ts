/** A spinlock: one holder, which may not sleep. */
import type { LockName } from "../../spec/generated/types";
import { running, type Stack, type Step, type Task } from "../task";
import { irq_restore, irq_save, preempt_disable, preempt_enable } from "./context";
import { acquired, acquiring, released, type ClassGraph, type LockClass } from "./lockdep";

export class SpinLock implements LockClass {
  owner: Stack | undefined;
  readonly lock: Step;
  readonly unlock: Step;

  constructor(
    readonly name: string,
    readonly key: LockName,
    readonly graph: ClassGraph,
  ) {
    const on = [this];
    this.lock = { kind: "lock", on, ready: () => this.owner === undefined, event: `lock.${this.key}.taken` };
    this.unlock = { kind: "unlock", on, event: `lock.${this.key}.released` };
  }
}

export function* spin_lock(spin: SpinLock): Task<void> {
  preempt_disable();
  acquiring(spin, "write", spin.graph);
  yield spin.lock;
  spin.owner = running().stack;
  acquired(spin, "write");
}

export function* spin_unlock(spin: SpinLock): Task<void> {
  yield spin.unlock;
  spin.owner = undefined;
  released(spin);
  preempt_enable();
}

export function* spin_lock_irqsave(spin: SpinLock): Task<void> {
  irq_save();
  yield* spin_lock(spin);
}

export function* spin_unlock_irqrestore(spin: SpinLock): Task<void> {
  yield* spin_unlock(spin);
  irq_restore();
}

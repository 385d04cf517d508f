/** A spinlock: one holder, which may not sleep. */
import { running, type Task } from "../task";
import { irq_restore, irq_save, preempt_disable, preempt_enable } from "./context";
import { Exclusive } from "./exclusive";
import { acquired, acquiring, released } from "./lockdep";

export class SpinLock extends Exclusive {}

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

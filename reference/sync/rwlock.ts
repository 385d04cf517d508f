/** A readers-writer spinlock: many readers or one writer, none of which may sleep. */
import type { LockName } from "../../spec/generated/types";
import { running, step, type Stack, type Step, type Task } from "../task";
import { irq_restore, irq_save, preempt_disable, preempt_enable } from "./context";
import { acquired, acquiring, released, type ClassGraph, type LockClass } from "./lockdep";

/** What a spinning and a sleeping readers-writer lock have in common. */
export class ReadersWriter implements LockClass {
  writer: Stack | undefined = undefined;
  readonly readers: Stack[] = [];
  readonly read_lock: Step;
  readonly read_trylock: Step;
  readonly read_unlock: Step;
  readonly write_lock: Step;
  readonly write_unlock: Step;

  constructor(
    readonly name: string,
    readonly key: LockName,
    readonly graph: ClassGraph,
    readonly level = 0,
  ) {
    const on = [this];
    const taken = `lock.${this.key}.taken`;
    const given_back = `lock.${this.key}.released`;
    this.read_lock = step("read_lock", on, taken, () => this.writer === undefined);
    this.read_trylock = step("read_trylock", on);
    this.read_unlock = step("read_unlock", on, given_back);
    this.write_lock = step("write_lock", on, taken, () => this.writer === undefined && this.readers.length === 0);
    this.write_unlock = step("write_unlock", on, given_back);
  }
}

export function* take_read(lock: ReadersWriter): Task<void> {
  acquiring(lock, "read", lock.graph);
  yield lock.read_lock;
  lock.readers.push(running().stack);
  acquired(lock, "read");
}

export function* give_read(lock: ReadersWriter): Task<void> {
  yield lock.read_unlock;
  lock.readers.splice(lock.readers.lastIndexOf(running().stack), 1);
  released(lock);
}

export function* take_write(lock: ReadersWriter): Task<void> {
  acquiring(lock, "write", lock.graph);
  yield lock.write_lock;
  lock.writer = running().stack;
  acquired(lock, "write");
}

export function* give_write(lock: ReadersWriter): Task<void> {
  yield lock.write_unlock;
  lock.writer = undefined;
  released(lock);
}

export function* read_lock(lock: ReadersWriter): Task<void> {
  preempt_disable();
  yield* take_read(lock);
}

export function* read_unlock(lock: ReadersWriter): Task<void> {
  yield* give_read(lock);
  preempt_enable();
}

export function* write_lock(lock: ReadersWriter): Task<void> {
  preempt_disable();
  yield* take_write(lock);
}

export function* write_unlock(lock: ReadersWriter): Task<void> {
  yield* give_write(lock);
  preempt_enable();
}

export function* read_lock_irqsave(lock: ReadersWriter): Task<void> {
  irq_save();
  yield* read_lock(lock);
}

export function* read_unlock_irqrestore(lock: ReadersWriter): Task<void> {
  yield* read_unlock(lock);
  irq_restore();
}

export function* write_lock_irqsave(lock: ReadersWriter): Task<void> {
  irq_save();
  yield* write_lock(lock);
}

export function* write_unlock_irqrestore(lock: ReadersWriter): Task<void> {
  yield* write_unlock(lock);
  irq_restore();
}

/** Takes the lock for reading if that needs no waiting, and says whether it did. */
export function* read_trylock(lock: ReadersWriter): Task<boolean> {
  preempt_disable();
  yield lock.read_trylock;
  if (lock.writer !== undefined) {
    preempt_enable();
    return false;
  }
  lock.readers.push(running().stack);
  acquired(lock, "read");
  return true;
}

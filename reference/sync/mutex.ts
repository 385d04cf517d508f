/** A mutex: one holder, may sleep. */
import type { LockName } from "../../spec/generated/types";
import { running, type Stack, type Step, type Task } from "../task";
import { might_sleep } from "./context";
import { acquired, acquiring, released, type ClassGraph, type LockClass } from "./lockdep";

export class Mutex implements LockClass {
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

export function* mutex_lock(mutex: Mutex): Task<void> {
  might_sleep(mutex.name);
  acquiring(mutex, "write", mutex.graph);
  yield mutex.lock;
  mutex.owner = running().stack;
  acquired(mutex, "write");
}

export function* mutex_unlock(mutex: Mutex): Task<void> {
  yield mutex.unlock;
  mutex.owner = undefined;
  released(mutex);
}

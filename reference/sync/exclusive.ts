/** A lock with one holder at a time. */
import type { LockName } from "../../spec/generated/types";
import type { Stack, Step } from "../task";
import type { ClassGraph, LockClass } from "./lockdep";

/** What a mutex and a spinlock have in common. */
export class Exclusive implements LockClass {
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

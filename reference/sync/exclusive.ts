/** A lock with one holder at a time. */
import { LOCKS } from "../../spec/generated/locks";
import type { LockName } from "../../spec/generated/types";
import { step, type Stack, type Step } from "../task";
import type { ClassGraph, LockClass } from "./lockdep";

/** What a mutex and a spinlock have in common. */
export class Exclusive implements LockClass {
  owner: Stack | undefined = undefined;
  private locks: Step | undefined = undefined;
  private unlocks: Step | undefined = undefined;

  constructor(
    readonly name: string,
    readonly key: LockName,
    readonly graph: ClassGraph,
  ) {}

  get lock(): Step {
    return (this.locks ??= step("lock", [this], TAKEN[this.key], () => this.owner === undefined));
  }

  get unlock(): Step {
    return (this.unlocks ??= step("unlock", [this], RELEASED[this.key]));
  }
}

/** The events of a lock, by its class. */
const TAKEN: Readonly<Record<string, string>> = events_of("taken");
const RELEASED: Readonly<Record<string, string>> = events_of("released");

function events_of(what: string): Record<string, string> {
  return Object.fromEntries(Object.keys(LOCKS).map((key) => [key, `lock.${key}.${what}`]));
}

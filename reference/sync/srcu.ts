/**
 * Sleepable RCU: read sections that never wait, and a `synchronize` that waits for all that were
 * open when it was called. The wait is for a snapshot of sessions, so once it is over for a waiter
 * it stays over: later readers do not hold it up.
 */
import type { LockName } from "../../spec/generated/types";
import { step, type Step, type Task } from "../task";
import { might_sleep } from "./context";
import { acquired, entering, released, synchronizing, type ClassGraph, type LockClass } from "./lockdep";

/** One read section, the kernel's `srcu_idx`. */
export interface Session {
  open: boolean;
}

export class Srcu implements LockClass {
  readonly sessions = new Set<Session>();
  readonly enter: Step;
  readonly leave: Step;
  readonly flip: Step;

  constructor(
    readonly name: string,
    readonly key: LockName,
    readonly graph: ClassGraph,
  ) {
    const on = [this];
    this.enter = step("srcu_enter", on, `srcu.${this.key}.entered`);
    this.leave = step("srcu_leave", on, `srcu.${this.key}.left`);
    this.flip = step("srcu_flip", on, `srcu.${this.key}.synchronize`);
  }
}

export function* srcu_read_lock(srcu: Srcu): Task<Session> {
  entering(srcu);
  yield srcu.enter;
  const session = { open: true };
  srcu.sessions.add(session);
  acquired(srcu, "read");
  return session;
}

export function* srcu_read_unlock(srcu: Srcu, session: Session): Task<void> {
  yield srcu.leave;
  session.open = false;
  srcu.sessions.delete(session);
  released(srcu);
}

export function* synchronize_srcu(srcu: Srcu): Task<void> {
  might_sleep(`synchronize_srcu(${srcu.name})`);
  synchronizing(srcu, srcu.graph);
  yield srcu.flip;
  const before = [...srcu.sessions];
  yield step("srcu_drain", [srcu], undefined, () => before.every((session) => !session.open));
}

/** Pairs of locks that spec/locks.yaml forbids, looked for among those that a kernel was seen to take. */
import { FORBIDDEN, LOCKS } from "../../../spec/generated/locks";
import type { LockName, Report, RuleId } from "../../../spec/generated/types";
import type { Happened } from "./trace-events";

const EVENT = /^(?:lock|srcu|context)\.(\w+)\.(taken|released|entered|left|synchronize)$/;
const SLEEPING = Object.keys(LOCKS).filter((name) => ["mutex", "rwsem"].includes(LOCKS[name as LockName]));

/** By the two names: the rule that the pair breaks. */
const forbidden = new Map<string, RuleId>();
for (const { outer, inner, rule } of FORBIDDEN)
  for (const name of inner === "sleeping" ? SLEEPING : inner === "any" ? Object.keys(LOCKS) : [inner])
    forbidden.set(`${outer} ${name}`, rule);

/** Follows what each thread of the kernel holds, from one call to the next. */
export class LockOrder {
  private readonly held = new Map<number, string[]>();

  /** Says which of these events should not have been, and for whom: with what was held at that moment. */
  reports(events: readonly Pick<Happened, "event" | "tid">[]): Report[] {
    return events.flatMap(({ event, tid }) => {
      const [, name = "", act] = EVENT.exec(event) ?? [];
      const held = this.held.get(tid) ?? [];
      this.held.set(tid, held);
      if (act === "taken" || act === "entered") {
        const found = inside(held, name, `${name} is taken`);
        held.push(name);
        return found;
      }
      if (act === "released" || act === "left") held.splice(held.lastIndexOf(name), 1);
      return act === "synchronize" && name === "kvm_srcu" ? inside(held, "synchronize", `synchronize_srcu(${name}) is called`) : [];
    });
  }
}

function inside(held: readonly string[], inner: string, what: string): Report[] {
  return [...new Set(held)].flatMap((outer) => {
    const rule = forbidden.get(`${outer} ${inner}`);
    return rule === undefined ? [] : [{ check: "lock-order" as const, what: `${what} inside ${outer}, by the kernel`, rule }];
  });
}

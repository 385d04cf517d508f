/** Locks that a kernel was seen to take inside of others: the pairs that spec/locks.yaml forbids, and all that nested. */
import { FORBIDDEN } from "../../../spec/generated/locks";
import type { Nesting, Report } from "../../../spec/generated/types";
import type { Happened } from "./trace-events";

const EVENT = /^(?:lock|srcu|context)\.(\w+)\.(taken|released|entered|left|synchronize)$/;

/** Follows what each thread of the kernel holds, from one call to the next. */
export class LockOrder {
  private readonly held = new Map<number, string[]>();
  private readonly all = new Map<string, Nesting>();

  /** Says which of these events should not have been, and for whom: with what was held at that moment. */
  reports(events: readonly Pick<Happened, "event" | "tid">[]): Report[] {
    return events.flatMap(({ event, tid }) => {
      const [, name = "", act] = EVENT.exec(event) ?? [];
      const held = this.held.get(tid) ?? [];
      this.held.set(tid, held);
      if (act === "taken" || act === "entered") {
        const found = inside(held, name, `${name} is taken`);
        // Who enters a read section waits for nobody.
        if (act === "taken") this.nest(held, name);
        held.push(name);
        return found;
      }
      if (act === "released" || act === "left") held.splice(held.lastIndexOf(name), 1);
      if (act !== "synchronize") return [];
      this.nest(held, name);
      return inside(held, "synchronize", `synchronize_srcu(${name}) is called`);
    });
  }

  /** Which lock was taken, or which read sections waited for, inside which. Two of one class may nest as the kernel's own lockdep knows. */
  get nested(): Nesting[] {
    return [...this.all.values()];
  }

  private nest(held: readonly string[], inner: string): void {
    for (const outer of held) if (outer !== inner || inner.endsWith("srcu")) this.all.set(`${outer} ${inner}`, { outer, inner });
  }
}

function inside(held: readonly string[], inner: string, what: string): Report[] {
  return [...new Set(held)].flatMap((outer) => {
    const rule = FORBIDDEN.get(`${outer} ${inner}`);
    return rule === undefined ? [] : [{ check: "lock-order" as const, what: `${what} inside ${outer}, by the kernel`, rule }];
  });
}

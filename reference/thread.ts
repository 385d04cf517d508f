/** A kernel thread as somebody outside sees it, and what the door says of it. */
import type { Standing } from "../spec/generated/types";
import type { KThread, Report, Stack } from "./task";

/** A thread of the world. A handler runs on its owner's stack, and the owner stands still meanwhile. */
export interface Thread extends KThread {
  readonly owner: Thread | undefined;
  /** Whether a handler has taken its first step. */
  started: boolean;
  /** The number of the world that it was last in. */
  world: number;
  /** What the door says of it, and the replies to a call and to a step when that is all there is to say: the same objects always, so that a step costs none. */
  readonly standing: Standing;
  readonly began: Stands;
  readonly moved: Moved;
  /** Its place among those whose step may have to wait, or -1. */
  waits: number;
}

/** What the door says to a call or a step: where those threads stand now that stood elsewhere before, or all of them. */
export interface Stands {
  readonly threads: Record<string, Standing>;
  readonly reports?: Report[];
}

/** What the door says to a step after which nobody else stands elsewhere. */
export interface Moved {
  readonly standing: Standing;
  readonly reports?: Report[];
}

/** A thread that was in no world yet; a handler comes on its owner's stack. */
export function new_thread(name: string, owner: Thread | undefined): Thread {
  const stack: Stack = owner?.stack ?? { name, held: [], current: undefined, preempt_count: 0, irqs_off: 0 };
  const standing: Standing = { next: undefined, ready: false, returned: undefined, ...(owner && { stack: owner.name }) };
  const nothing = { task: undefined, next: undefined, returned: undefined };
  const says = { standing, began: { threads: { [name]: standing } }, moved: { standing } };
  return { name, owner, stack, frames: [], ...nothing, started: false, world: 0, ...says, waits: -1 };
}

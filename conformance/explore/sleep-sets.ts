import type { Dependent, Transition } from "./footprint";
import type { Strategy } from "./strategy";

/** A state on the current path. `next` is the place in `enabled` of the transition being explored. */
interface Node {
  readonly enabled: readonly Transition[];
  /** Explored elsewhere in the same order, up to swaps of independent steps. */
  readonly sleep: Transition[];
  next: number;
}

/**
 * Sleep sets (Godefroid): every reachable state, but not every way to reach it. After a transition
 * has been explored from a state it sleeps there, and stays asleep along each sibling until a step
 * that depends on it is taken.
 */
export function sleepSets(dependent: Dependent): Strategy {
  const path: Node[] = [];
  let fresh = true;

  /** Moves to the next transition that is awake; false if all sleep. */
  function wake(node: Node): boolean {
    for (; node.next < node.enabled.length; node.next++) {
      const transition = node.enabled[node.next];
      if (transition !== undefined && !node.sleep.includes(transition)) return true;
    }
    return false;
  }

  function sleepAfter(depth: number): Transition[] {
    const parent = path[depth - 1];
    const taken = parent?.enabled[parent.next];
    return parent === undefined || taken === undefined ? [] : parent.sleep.filter((asleep) => !dependent(asleep, taken));
  }

  return {
    name: "sleep-sets",
    complete: true,
    get prefix() {
      return Math.max(0, path.length - 1);
    },
    begin() {
      if (fresh) return !(fresh = false);
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        const done = node.enabled[node.next];
        if (done !== undefined) node.sleep.push(done);
        if (wake(node)) return true;
        path.pop();
      }
      return false;
    },
    choose(depth, enabled) {
      let node = path[depth];
      if (node === undefined) {
        node = { enabled: enabled.slice(), sleep: sleepAfter(depth), next: 0 };
        path.push(node);
        wake(node);
      }
      return node.enabled[node.next];
    },
  };
}

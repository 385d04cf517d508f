import type { Transition } from "./footprint";
import type { Strategy } from "./strategy";

interface Node {
  readonly enabled: readonly Transition[];
  next: number;
}

/** Every schedule, one run each: depth first, without any reduction. */
export function naive(): Strategy {
  const path: Node[] = [];
  let fresh = true;
  return {
    name: "naive",
    complete: true,
    get prefix() {
      return Math.max(0, path.length - 1);
    },
    begin() {
      if (fresh) return !(fresh = false);
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        if (++node.next < node.enabled.length) return true;
        path.pop();
      }
      return false;
    },
    choose(depth, enabled) {
      const node = (path[depth] ??= { enabled: enabled.slice(), next: 0 });
      return node.enabled[node.next];
    },
  };
}

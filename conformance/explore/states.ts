import { Fingerprint } from "./fingerprint";
import type { Dependent, Transition } from "./footprint";
import type { Strategy } from "./strategy";

/** A state on the current path, and the transition that is being explored. */
interface Node {
  taken: Transition;
  /** What is to be explored after it. */
  readonly left: Transition[];
  /** Explored elsewhere in the same order, up to swaps of independent steps. */
  sleep: readonly Transition[];
  readonly threads: number;
}

/**
 * Each state, and no further where it was met before, on whatever way: depth first. Sleep sets leave
 * out ways that only swap independent steps; with each state those are kept that slept in it every
 * time, and what slept and now does not is made up for (Godefroid, _Partial-Order Methods for the
 * Verification of Concurrent Systems_, 1996). Why a fingerprint tells states apart is said there.
 *
 * All states are met, so each claim is judged wherever every schedule would judge it. Not every
 * sequence of states is seen, only neighbours; no claim but one about the order of events looks back
 * further, and what those saw is part of the state.
 */
export function states(dependent: Dependent, fingerprint = new Fingerprint()): Strategy {
  const path: Node[] = [];
  const met = new Map<number, readonly Transition[]>();
  let fresh = true;

  function here(enabled: readonly Transition[], threads: number): number {
    fingerprint.reset(path[0]?.threads ?? threads);
    path.forEach(({ taken }, i) => fingerprint.took(taken, path[i + 1]?.threads ?? threads));
    return fingerprint.inState(enabled);
  }

  function sleepAfter(parent: Node | undefined): readonly Transition[] {
    return parent?.sleep.filter((asleep) => !dependent(asleep, parent.taken)) ?? [];
  }

  return {
    name: "states",
    complete: true,
    told: () => ({ states: met.size }),
    get prefix() {
      return Math.max(0, path.length - 1);
    },
    begin() {
      if (fresh) return !(fresh = false);
      for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
        node.sleep = [...node.sleep, node.taken];
        const next = node.left.shift();
        if (next !== undefined) {
          node.taken = next;
          return true;
        }
        path.pop();
      }
      return false;
    },
    choose(depth, enabled, { threads }) {
      const known = path[depth];
      if (known !== undefined) return known.taken;
      const state = here(enabled, threads);
      const asleep = sleepAfter(path.at(-1));
      const always = met.get(state);
      const left = (always ?? enabled).filter((transition) => !asleep.includes(transition));
      const sleep = always?.filter((transition) => asleep.includes(transition)) ?? asleep;
      met.set(state, sleep);
      const taken = left.shift();
      if (taken !== undefined) path.push({ taken, left, sleep, threads });
      return taken;
    },
  };
}

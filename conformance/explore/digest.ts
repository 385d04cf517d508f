/**
 * The digest of an exploration: a sum over its traces that does not depend on the order in which they
 * were explored, by whom, or which run stood for each. So two explorations of one case that came to the
 * same traces, each once, have the same digest, and others in all likelihood have not. The clocks of a
 * trace are worked out here from the dependence relation alone, whatever the strategy believes.
 */
import type { Dependent, Transition } from "./footprint";
import type { Strategy, There, Told } from "./strategy";

/** Two words of 32 bits. */
export type Sum = readonly [number, number];

export const NO_TRACES: Sum = [0, 0];

export function addSums([a, b]: Sum, [c, d]: Sum): Sum {
  return [(a + c) >>> 0, (b + d) >>> 0];
}

/** A sum as 16 digits. */
export function sumInDigits(sum: Sum): string {
  return sum.map((word) => word.toString(16).padStart(8, "0")).join("");
}

/** A strategy, with the digest of the traces that it has come to. */
export class Digesting implements Strategy {
  readonly name: string;
  sum: Sum = NO_TRACES;
  private readonly taken: Transition[] = [];
  /** For each step taken: how many steps of every thread are in its past, with itself; and the sum of all hashes so far. */
  private readonly clocks: number[][] = [];
  private readonly sums: Sum[] = [];
  private readonly hashes: Sum[] = [];

  constructor(
    private readonly inner: Strategy,
    private readonly dependent: Dependent,
  ) {
    this.name = inner.name;
  }

  get complete(): boolean {
    return this.inner.complete;
  }

  get prefix(): number {
    return this.inner.prefix ?? 0;
  }

  get outside(): string | undefined {
    return this.inner.outside;
  }

  told(): Told {
    return this.inner.told?.() ?? {};
  }

  begin(): boolean {
    return this.inner.begin();
  }

  choose(depth: number, enabled: readonly Transition[], there: There): Transition | undefined {
    const chosen = this.inner.choose(depth, enabled, there);
    this.taken.length = depth;
    if (chosen !== undefined) this.take(depth, chosen);
    return chosen;
  }

  ended(waiting: readonly Transition[]): void {
    this.inner.ended?.(waiting);
    const [a, b] = this.sums[this.taken.length - 1] ?? NO_TRACES;
    // What was added up for the events of one trace is mixed, or else two traces could swap some.
    this.sum = addSums(this.sum, [mixed(a, b), mixed(b, a)]);
  }

  private take(place: number, step: Transition): void {
    const clock = this.clockOf(place, step);
    this.taken.push(step);
    this.clocks[place] = clock;
    let [a, b] = (this.hashes[step.id] ??= hashOf(step));
    for (let t = 0; t < clock.length; t++) {
      const times = clock[t] as number;
      if (times === 0) continue;
      a = mixed(a ^ (t + 1), times);
      b = mixed(b ^ times, t + 1);
    }
    this.sums[place] = addSums(this.sums[place - 1] ?? NO_TRACES, [a, b]);
  }

  private clockOf(place: number, step: Transition): number[] {
    const clock: number[] = [];
    const { thread } = step;
    for (let e = place - 1; e >= 0; e--) {
      const other = this.taken[e] as Transition;
      const before = this.clocks[e] as number[];
      if ((clock[other.thread] ?? 0) >= (before[other.thread] as number)) continue;
      if (other.thread !== thread && !this.dependent(step, other)) continue;
      for (let t = 0; t < before.length; t++) clock[t] = Math.max(clock[t] ?? 0, before[t] ?? 0);
    }
    for (let t = 0; t < thread; t++) clock[t] ??= 0;
    clock[thread] = (clock[thread] ?? 0) + 1;
    return clock;
  }
}

/** A step by what it says of itself: numbers that are given out as steps are met differ between explorations. */
function hashOf({ thread, pick, does: { kind, objects, event } }: Transition): Sum {
  const text = `${thread} ${pick} ${kind} ${objects.join()} ${event ?? ""}`;
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = mixed(b, text.charCodeAt(i));
  }
  return [a >>> 0, b >>> 0];
}

/** The finalizer of MurmurHash3 (A. Appleby, public domain) over two words. */
function mixed(a: number, b: number): number {
  let h = Math.imul(a, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * What a state is known by, to somebody who sees only announcements.
 *
 * A thread's next lines depend on what it has received, and it receives something only in its steps,
 * from the objects that it announced. What a cell holds was put there by the last store to it, and
 * depends on what the storer had received by then. What a lock guards was left there by those who
 * held it, in their order. So each step gets a number, made of:
 *
 * - the step before it on its thread, and on its stack, since a handler sees what its owner left there;
 * - what is announced, and what was picked;
 * - what it received: of a cell the number of the last store, of any other object the numbers of all
 *   steps on it so far that this one conflicts with.
 *
 * Two runs in which the last step of each thread and the last store to each cell have the same
 * numbers are in one state, by induction over the steps that the numbers are made of: the same is
 * stored everywhere, each thread goes on in the same way, and so do both runs. How they came there
 * may differ: in the order of steps that nobody received anything from, as stores to a cell that
 * were overwritten unread, or a load and the store after it. That is all that is left out.
 *
 * Claims add nothing but for those about the order of events: what they judge by is how the run
 * came here, so the events that one sees are numbered in their order, and belong to the state.
 *
 * It rests on announcements that are true, as all reduction does: reference/honest.ts checks ours.
 * Numbers are hashes of 52 bits: of a million states two are taken for one in about one of nine
 * thousand explorations.
 */
import { conflict, type Kind } from "../../spec/steps";
import type { Transition } from "./footprint";

const STORES: ReadonlySet<string> = new Set<Kind>(["store", "rmw"]);
const RECEIVES: ReadonlySet<string> = new Set<Kind>(["load", "rmw", "again"]);
const CELLS: ReadonlySet<string> = new Set<Kind>(["load", "store", "rmw", "again"]);

/** A whole call may touch anything: one object that all of them are on. */
const EVERYTHING = ["everything"];

/** What a state is put together of. */
enum Part {
  Thread,
  Cell,
  Claim,
  Enabled,
}

/** The state that a run is in, step by step. */
export class Fingerprint {
  /** The last step of each thread, and on each stack. */
  private readonly threads: number[] = [];
  private readonly stacks: number[] = [];
  /** The last store to each cell. */
  private readonly stores = new Map<string, number>();
  /** For each other object and kind, the sum of its steps so far. */
  private readonly sums = new Map<string, Map<Kind, number>>();
  /** The events that each claim about order saw. */
  private readonly orders = new Map<number, number>();
  /** Numbers for names, the same in all runs. */
  private readonly names = new Map<string, number>();
  private known = 0;

  /** Back to the beginning of a run, with so many threads. */
  reset(threads: number): void {
    this.known = threads;
    this.threads.length = this.stacks.length = 0;
    for (const each of [this.stores, this.sums, this.orders]) each.clear();
  }

  /** A step was taken; by now there are so many threads. */
  took({ id, thread, stack, does }: Transition, threads: number): void {
    const kind = does.kind as Kind;
    const objects = does.kind === "call" ? EVERYTHING : does.objects;
    let step = mix(mix(this.threads[thread] ?? 0, this.stacks[stack] ?? 0), id);
    for (const object of objects) step = mix(step, this.received(kind, object));
    for (const object of objects) this.leave(kind, object, step);
    for (const { claim } of does.visible) if (!("compiled" in claim)) this.orders.set(claim.id, mix(this.orders.get(claim.id) ?? 0, step));
    // A thread that is started knows what its starter knew.
    for (; this.known < threads; this.known++) this.threads[this.known] = step;
    this.threads[thread] = this.stacks[stack] = step;
  }

  /** The state as a number, once this is what can be done next. */
  inState(enabled: readonly Transition[]): number {
    let state = 0;
    const add = (sort: Part, which: number, step: number): number => (state = sum(state, mix(mix(sort, which), step)));
    this.threads.forEach((step, thread) => add(Part.Thread, thread, step));
    for (const [cell, step] of this.stores) add(Part.Cell, this.nameOf(cell), step);
    for (const [claim, step] of this.orders) add(Part.Claim, claim, step);
    for (const { id } of enabled) add(Part.Enabled, id, 0);
    return state;
  }

  /** What a step of this kind learns from an object. */
  protected received(kind: Kind, object: string): number {
    if (CELLS.has(kind)) return RECEIVES.has(kind) ? (this.stores.get(object) ?? 0) : 0;
    let all = 0;
    for (const [other, steps] of this.sums.get(object) ?? []) if (conflict(kind, other)) all = sum(all, mix(this.nameOf(other), steps));
    return all;
  }

  private leave(kind: Kind, object: string, step: number): void {
    if (STORES.has(kind)) this.stores.set(object, step);
    if (CELLS.has(kind)) return;
    const sums = this.sums.get(object) ?? new Map<Kind, number>();
    this.sums.set(object, sums.set(kind, sum(sums.get(kind) ?? 0, step)));
  }

  private nameOf(name: string): number {
    const known = this.names.get(name) ?? this.names.size;
    this.names.set(name, known);
    return known;
  }
}

const WORD = 2 ** 32;
const SIZE = 2 ** 52;

/** Adds up numbers in any order. */
function sum(a: number, b: number): number {
  return (a + b) % SIZE;
}

/** One number of two, in this order: below 2^52, and as good as random. */
function mix(a: number, b: number): number {
  let [x, y] = [0x9e3779b9, 0x85ebca6b];
  for (const word of [a, a / WORD, b, b / WORD]) {
    x = Math.imul(x ^ word, 0x27d4eb2f);
    x ^= x >>> 15;
    y = Math.imul(y ^ word, 0x165667b1);
    y ^= y >>> 13;
  }
  x = Math.imul(x ^ (y >>> 16), 0xc2b2ae3d);
  y = Math.imul(y ^ (x >>> 16), 0x2c1b3c6d);
  return ((y ^ (y >>> 15)) & 0xfffff) * WORD + ((x ^ (x >>> 16)) >>> 0);
}

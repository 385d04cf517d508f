/**
 * Lockdep: what is taken while what is held, by class. It reports the pairs that spec/locks.yaml
 * forbids, a lock taken again by its holder, and a cycle in the class graph of a world, whether or
 * not a run deadlocks. Who waits for the readers of an SRCU domain, or until no MMU notifier is
 * active, takes that class: so a cycle may lead through a wait.
 */
import { FORBIDDEN } from "../../spec/generated/locks";
import type { LockName, Nesting, RuleId } from "../../spec/generated/types";
import { report, running, type Held, type Thing } from "../task";

/** A lock as lockdep sees it: an object of a class. */
export interface LockClass extends Thing {
  readonly key: LockName | "notifier";
  /** Two locks of one class nest only if the inner one's level is higher. */
  readonly level?: number;
}

type Key = LockClass["key"];

/** How a class came to be taken inside another, for the first time: by whom, and where, if call paths are kept. */
interface Edge extends Nesting {
  readonly outer: Key;
  readonly inner: Key;
  readonly by: string;
  /** It came about while the world was built. */
  given: boolean;
}

/** Which class was taken inside which. Lives as long as its world. */
export type ClassGraph = Map<Key, Map<Key, Edge>>;

/** The rules that pairs break: by the outer, and then by the inner, so that no key need be made whenever a lock is taken. */
const BROKEN = new Map<string, Map<string, RuleId>>();
for (const [pair, rule] of FORBIDDEN) {
  const [outer = "", inner = ""] = pair.split(" ");
  BROKEN.set(outer, (BROKEN.get(outer) ?? new Map<string, RuleId>()).set(inner, rule));
}

/** The MMU notifier's context is no lock, but what is taken there is taken inside of it. */
const NOTIFIER: LockClass = { name: "an MMU-notifier callback", key: "notifier" };

/** Called before a lock is waited for. */
export function acquiring(lock: LockClass, mode: Held["mode"], graph: ClassGraph): void {
  for (const held of running().stack.held) {
    const outer = held.lock as LockClass;
    if (outer === lock) report("lock-order", `${lock.name} is taken by ${running().stack.name}, which holds it`);
    forbid(held, lock.key, lock.name);
    const nested = outer.key === lock.key && (lock.level ?? 0) > (outer.level ?? 0);
    const recursive_read = outer.key === lock.key && mode === "read" && held.mode === "read";
    if (!nested && !recursive_read) edge(held, lock.key, graph);
  }
}

/** Called when a read section of `srcu` is entered, which waits for nobody. */
export function entering(srcu: LockClass): void {
  for (const held of running().stack.held) forbid(held, srcu.key, srcu.name);
}

/** Called before synchronize_srcu waits for the readers of `srcu`. */
export function synchronizing(srcu: LockClass, graph: ClassGraph): void {
  for (const held of running().stack.held) {
    forbid(held, "synchronize", `synchronize_srcu(${srcu.name})`);
    edge(held, srcu.key, graph);
  }
}

/** Called before somebody waits until no MMU notifier is active. */
export function awaiting_notifiers(graph: ClassGraph): void {
  for (const held of running().stack.held) edge(held, NOTIFIER.key, graph);
}

/** Called when an MMU-notifier callback begins: what it takes, it takes inside `notifier`. */
export function notifier_enter(): void {
  acquired(NOTIFIER, "read");
}

export function notifier_exit(): void {
  released(NOTIFIER);
}

export function acquired(lock: LockClass, mode: Held["mode"]): void {
  const { stack, frames } = running();
  stack.held.push(frames.length === 0 ? { lock, mode } : { lock, mode, path: frames.join(" > ") });
}

export function released(lock: LockClass): void {
  const { held, name } = running().stack;
  let at = held.length - 1;
  while (at >= 0 && held[at]?.lock !== lock) at--;
  if (at < 0) report("lock-order", `${name} releases ${lock.name}, which it does not hold`);
  else held.splice(at, 1);
}

/** As lockdep_assert_held: reports if the running stack does not hold `lock` (for writing, if asked). */
export function lockdep_assert_held(lock: LockClass, mode: Held["mode"] = "read"): void {
  const { held, name } = running().stack;
  if (!held.some((each) => each.lock === lock && (mode === "read" || each.mode === "write")))
    report("lock-order", `${name} must hold ${lock.name}${mode === "write" ? " for writing" : ""} here`);
}

/** What a world nested of itself, once it was built. */
export function nestings(graph: ClassGraph): Nesting[] {
  const all: Nesting[] = [];
  for (const inside of graph.values())
    for (const { outer, inner, chain, given } of inside.values())
      if (!given) all.push(chain === undefined ? { outer, inner } : { outer, inner, chain });
  return all;
}

/** The world is built: what was nested until now counts as its own only when it comes again. */
export function built(graph: ClassGraph): void {
  for (const inside of graph.values()) for (const each of inside.values()) each.given = true;
}

function forbid(held: Held, inner: Key | "synchronize", what: string): void {
  const outer = held.lock as LockClass;
  const rule = BROKEN.get(outer.key)?.get(inner);
  if (rule !== undefined)
    report("lock-order", `${what} inside ${outer.name}, by ${running().stack.name}`, rule, known([chain_of(held, what)]));
}

/** Who took two locks and where, if call paths are kept. */
function chain_of({ lock, path }: Held, inner: string): string | undefined {
  const { stack, frames } = running();
  return path === undefined ? undefined : `${stack.name}: ${(lock as LockClass).name} (${path}), then ${inner} (${frames.join(" > ")})`;
}

function known(chains: readonly (string | undefined)[]): string[] {
  return chains.filter((each) => each !== undefined);
}

function edge(held: Held, inner: Key, graph: ClassGraph): void {
  const outer = (held.lock as LockClass).key;
  let inside = graph.get(outer);
  if (inside === undefined) graph.set(outer, (inside = new Map<Key, Edge>()));
  const before = inside.get(inner);
  if (before?.given === false) return;
  const by = running().stack.name;
  const chain = chain_of(held, inner);
  inside.set(inner, { outer, inner, by, given: false, ...(chain !== undefined && { chain }) });
  if (before !== undefined) return;
  const back = way(inner, outer, graph);
  if (back === undefined) return;
  const steps = back.length === 0 ? "it nests in itself" : back.map((each) => `${each.inner} inside ${each.outer} (${each.by})`).join(", ");
  const all = known([chain, ...back.map((each) => each.chain)]);
  report("lock-order", `${inner} inside ${outer} (${by}) closes a cycle: ${steps}`, "lock.order.no-cycle", all);
}

/** The edges from one class to another along the graph, if there is a way. */
function way(from: Key, to: Key, graph: ClassGraph, seen = new Set<Key>()): Edge[] | undefined {
  if (from === to) return [];
  if (seen.has(from)) return undefined;
  seen.add(from);
  for (const [next, by] of graph.get(from) ?? []) {
    const rest = way(next, to, graph, seen);
    if (rest !== undefined) return [by, ...rest];
  }
  return undefined;
}

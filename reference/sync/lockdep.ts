/**
 * Lockdep: what is taken while what is held, by class. It reports the pairs that spec/locks.yaml
 * forbids, a lock taken again by its holder, and a cycle in the class graph of a run, whether or
 * not the run deadlocks. A synchronize_srcu counts as taking the SRCU class for writing, since it
 * waits for its readers.
 */
import { FORBIDDEN, LOCKS } from "../../spec/generated/locks";
import type { LockName, RuleId } from "../../spec/generated/types";
import { report, running, type Held, type Thing } from "../task";

/** A lock as lockdep sees it: an object of a class. */
export interface LockClass extends Thing {
  readonly key: LockName | "notifier";
  /** Two locks of one class nest only if the inner one's level is higher. */
  readonly level?: number;
}

/** Which class was taken inside which, and by which stack first. Lives as long as its world. */
export type ClassGraph = Map<LockClass["key"], Map<LockClass["key"], string>>;

/** The MMU notifier's context is no lock, but what is taken there is taken inside of it. */
const NOTIFIER: LockClass = { name: "an MMU-notifier callback", key: "notifier" };

const SLEEPING = new Set(Object.keys(LOCKS).filter((name) => ["mutex", "rwsem"].includes(LOCKS[name as LockName])));

const forbidden = new Map<string, RuleId>();
for (const { outer, inner, rule } of FORBIDDEN)
  for (const name of inner === "sleeping" ? SLEEPING : inner === "any" ? Object.keys(LOCKS) : [inner])
    forbidden.set(`${outer} ${name}`, rule);

/** Called before a lock is waited for. */
export function acquiring(lock: LockClass, mode: Held["mode"], graph: ClassGraph): void {
  for (const held of running().stack.held) {
    const outer = held.lock as LockClass;
    if (outer === lock) report("lock-order", `${lock.name} is taken by ${running().stack.name}, which holds it`);
    forbid(outer, lock.key, lock.name);
    const nested = outer.key === lock.key && (lock.level ?? 0) > (outer.level ?? 0);
    const recursive_read = outer.key === lock.key && mode === "read" && held.mode === "read";
    if (!nested && !recursive_read) edge(outer.key, lock.key, graph);
  }
}

/** Called before synchronize_srcu waits for the readers of `srcu`. */
export function synchronizing(srcu: LockClass, graph: ClassGraph): void {
  for (const { lock } of running().stack.held) {
    const outer = lock as LockClass;
    forbid(outer, "synchronize", `synchronize_srcu(${srcu.name})`);
    edge(outer.key, srcu.key, graph);
  }
}

/** Called when an MMU-notifier callback begins: what it takes, it takes inside `notifier`. */
export function notifier_enter(): void {
  acquired(NOTIFIER, "read");
}

export function notifier_exit(): void {
  released(NOTIFIER);
}

export function acquired(lock: LockClass, mode: Held["mode"]): void {
  running().stack.held.push({ lock, mode });
}

export function released(lock: LockClass): void {
  const { held, name } = running().stack;
  const at = held.findLastIndex((each) => each.lock === lock);
  if (at < 0) report("lock-order", `${name} releases ${lock.name}, which it does not hold`);
  else held.splice(at, 1);
}

/** As lockdep_assert_held: reports if the running stack does not hold `lock` (for writing, if asked). */
export function lockdep_assert_held(lock: LockClass, mode: Held["mode"] = "read"): void {
  const { held, name } = running().stack;
  if (!held.some((each) => each.lock === lock && (mode === "read" || each.mode === "write")))
    report("lock-order", `${name} must hold ${lock.name}${mode === "write" ? " for writing" : ""} here`);
}

function forbid(outer: LockClass, inner: string, what: string): void {
  const rule = forbidden.get(`${outer.key} ${inner}`);
  if (rule !== undefined) report("lock-order", `${what} inside ${outer.name}, by ${running().stack.name}`, rule);
}

function edge(outer: LockClass["key"], inner: LockClass["key"], graph: ClassGraph): void {
  const inside = graph.get(outer) ?? new Map<LockClass["key"], string>();
  graph.set(outer, inside);
  if (inside.has(inner)) return;
  inside.set(inner, running().stack.name);
  const back = chain(inner, outer, graph);
  if (back !== undefined) report("lock-order", `${inner} inside ${outer} (${running().stack.name}) closes a cycle: ${back}`);
}

/** The classes from one to another along the graph, as a sentence, if there is a way. */
function chain(from: LockClass["key"], to: LockClass["key"], graph: ClassGraph, seen = new Set<LockClass["key"]>()): string | undefined {
  if (from === to) return seen.size === 0 ? "it nests in itself" : from;
  if (seen.has(from)) return undefined;
  seen.add(from);
  for (const [next, by] of graph.get(from) ?? []) {
    const rest = chain(next, to, graph, seen);
    if (rest !== undefined) return `${next} inside ${from} (${by})${rest === next ? "" : `, ${rest}`}`;
  }
  return undefined;
}

/**
 * The kinds of step that a stepped implementation can announce, and which of them depend on each
 * other: part of the protocol, so it stands here and not with the reference. Data and one look-up.
 */

/**
 * The closed table of step kinds: for each kind, the kinds that it conflicts with when both steps
 * touch the same object. Two steps that do not conflict commute: done in either order they give
 * the same world, and neither enables or disables the other. The relation is symmetric (tested).
 */
export const CONFLICTS = {
  // Memory: one or more cells, always enabled. `fence` orders nothing more under sequential
  // consistency; it is a kind of its own so that store buffers have a place to attach to.
  load: ["store", "rmw"],
  store: ["load", "store", "rmw", "again"],
  rmw: ["load", "store", "rmw", "again"],
  fence: [],
  // A loop that would retry: enabled once a cell that it read is newer. It only looks.
  again: ["store", "rmw"],
  // Exclusive locks: spinlocks and mutexes.
  lock: ["lock", "unlock"],
  unlock: ["lock", "unlock"],
  // Readers-writer locks: readers commute with readers.
  // A try to read never waits: it is always enabled, and a writer decides what it finds.
  read_lock: ["write_lock", "write_unlock"],
  read_trylock: ["write_lock", "write_unlock"],
  read_unlock: ["write_lock", "write_unlock"],
  write_lock: ["read_lock", "read_trylock", "read_unlock", "write_lock", "write_unlock"],
  write_unlock: ["read_lock", "read_trylock", "read_unlock", "write_lock", "write_unlock"],
  // SRCU: a flip takes a snapshot of the open read sections, a drain waits until all in the
  // snapshot have left. Whether a reader came before a flip decides whether the drain waits.
  srcu_enter: ["srcu_flip"],
  srcu_leave: ["srcu_flip", "srcu_drain"],
  srcu_flip: ["srcu_enter", "srcu_leave", "srcu_flip"],
  srcu_drain: ["srcu_leave"],
  // Waiting: `arm` changes what is waited for, `await` is monotone (once true for a waiter, it
  // stays true for that waiter).
  arm: ["arm", "await"],
  await: ["arm"],
  // Threads that start threads.
  fork: ["start", "join"],
  start: ["fork"],
  exit: ["join"],
  join: ["fork", "exit"],
  // A bounded choice that the explorer makes (a fault, say). Its object is the budget it spends.
  pick: ["pick"],
} as const;

/** One of the ways in which a step can touch an object. */
export type Kind = keyof typeof CONFLICTS;

const conflicts = new Map(Object.entries(CONFLICTS).map(([kind, others]) => [kind, new Set<string>(others)]));

/** Whether two steps of these kinds on one object depend on each other. */
export function conflict(a: Kind, b: Kind): boolean {
  return conflicts.get(a)?.has(b) ?? true;
}

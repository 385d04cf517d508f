/**
 * The cache of one guest frame's host page, with the kernel address to it: good until the notifier
 * says that the page goes, or the memory slots change. Source: virt/kvm/pfncache.c.
 */
import { lockdep_assert_held, type ClassGraph } from "../sync/lockdep";
import { Mutex, mutex_lock, mutex_unlock } from "../sync/mutex";
import { ReadersWriter, write_lock_irqsave, write_unlock_irqrestore } from "../sync/rwlock";
import { until_newer } from "../sync/retry";
import { SpinLock, spin_lock, spin_unlock } from "../sync/spinlock";
import { Cell, guarded, ops, rule, versions, type Task } from "../task";
import { host_mm } from "./host_mm";
import type { CachedPfn, HvaRange, PfnCaches, Table } from "./memory";
import { gfn_to_memslot } from "./memslots";
import type { Kvm } from "./types";

export interface GfnToPfnCache extends CachedPfn {
  readonly kvm: Kvm;
  readonly refresh_lock: Mutex;
  /** The guest address, while the cache is active; changed under both locks, looked at without. */
  readonly gpa: Cell<bigint | undefined>;
}

export function pfn_caches_of(graph: ClassGraph): PfnCaches {
  const list_lock = new SpinLock("gpc_list_lock", "gpc_list_lock", graph);
  return { list_lock, list: guarded(list_lock, { caches: [] }) };
}

/** A cache that is not active yet. */
export function pfn_cache_of(kvm: Kvm, name: string): GfnToPfnCache {
  const lock = new ReadersWriter(`${name}.gpc_lock`, "gpc_lock", kvm.kvm_lock.graph);
  return {
    kvm,
    name,
    lock,
    refresh_lock: new Mutex(`${name}.gpc_refresh_lock`, "gpc_refresh_lock", kvm.kvm_lock.graph),
    gpa: new Cell<bigint | undefined>(`${name}.gpa`, undefined),
    state: guarded(lock, { valid: false, generation: -1, hva: 0, pfn: 0 }),
  };
}

/** The host page behind a frame, in a table that the caller has loaded. */
function hva_in(table: Table, gfn: number): number | undefined {
  const slot = gfn_to_memslot(table, gfn);
  return slot === undefined || slot.invalid ? undefined : slot.hva + gfn - slot.base_gfn;
}

export const pfncache = ops("pfncache", {
  /** Whether the kernel address may be used, for as long as the lock is held. Never sleeps. */
  *kvm_gpc_check({ kvm, lock, state }: GfnToPfnCache): Task<boolean> {
    lockdep_assert_held(lock);
    rule("xenev.cache.follows-memslots");
    yield kvm.memslots.table.load;
    return state.valid && state.generation === kvm.memslots.table.now.generation;
  },

  /** Makes the cache good again, if its frame is backed: EINVAL if it is not active, EFAULT if not backed. May sleep. */
  *kvm_gpc_refresh(gpc: GfnToPfnCache): Task<"ok" | "EINVAL" | "EFAULT"> {
    rule("xenev.send.refreshes-and-retries");
    yield* mutex_lock(gpc.refresh_lock);
    yield gpc.gpa.load;
    const result = gpc.gpa.now === undefined ? "EINVAL" : yield* pfncache.__kvm_gpc_refresh(gpc, gpc.gpa.now);
    yield* mutex_unlock(gpc.refresh_lock);
    return result;
  },

  /** As above, under refresh_lock, for this address. */
  *__kvm_gpc_refresh({ kvm, lock, refresh_lock, state }: GfnToPfnCache, gpa: bigint): Task<"ok" | "EFAULT"> {
    lockdep_assert_held(refresh_lock);
    rule("xenev.cache.follows-memslots");
    yield* write_lock_irqsave(lock);
    yield kvm.memslots.table.load;
    const hva = hva_in(kvm.memslots.table.now, Number(gpa >> 12n));
    state.generation = kvm.memslots.table.now.generation;
    state.valid &&= hva === state.hva;
    if (hva !== undefined && !state.valid) yield* pfncache.hva_to_pfn_retry({ kvm, lock, state }, hva);
    const result = state.valid ? "ok" : "EFAULT";
    yield* write_unlock_irqrestore(lock);
    return result;
  },

  /** Looks the page up without the lock, and again if an invalidation ran meanwhile. Enters and leaves with the lock held. */
  *hva_to_pfn_retry({ kvm, lock, state }: Pick<GfnToPfnCache, "kvm" | "lock" | "state">, hva: number): Task<void> {
    const { active, seq } = kvm.notifier;
    rule("xenev.cache.lookup-is-repeated");
    rule("lock.spin.nothing-sleeps-inside");
    Object.assign(state, { valid: false, hva });
    let fruitless: readonly number[] | undefined;
    for (;;) {
      yield seq.load;
      const sampled = seq.now;
      const since = versions([active, seq]);
      yield* write_unlock_irqrestore(lock);
      if (fruitless !== undefined) yield* until_newer([active, seq], fruitless);
      const pfn = yield* host_mm.hva_to_pfn(kvm, hva);
      yield* write_lock_irqsave(lock);
      if (!(yield* pfncache.mmu_notifier_retry_cache(kvm, sampled))) {
        if (pfn !== undefined) Object.assign(state, { pfn, valid: true });
        return;
      }
      fruitless = since;
    }
  },

  /** Whether a page that was looked up after sampling `seq` may be gone: the caches are told before `in_progress` is raised. */
  *mmu_notifier_retry_cache({ notifier: { active, seq } }: Kvm, sampled: number): Task<boolean> {
    rule("xenev.cache.lookup-is-repeated");
    rule("apicpg.cache.looks-at-all-invalidations");
    yield active.load;
    if (active.now > 0) return true;
    yield seq.load;
    return seq.now !== sampled;
  },

  /** Begins to cache an address. The notifier can reach the cache before there is anything in it. */
  *kvm_gpc_activate(gpc: GfnToPfnCache, gpa: bigint): Task<"ok" | "EFAULT"> {
    rule("lock.order.no-cycle");
    rule("xenev.cache.listed-while-active");
    yield* mutex_lock(gpc.refresh_lock);
    yield gpc.gpa.load;
    if (gpc.gpa.now === undefined) yield* pfncache.list_add(gpc);
    yield* pfncache.set_address(gpc, gpa);
    const result = yield* pfncache.__kvm_gpc_refresh(gpc, gpa);
    yield* mutex_unlock(gpc.refresh_lock);
    return result;
  },

  /** From now on the cache is for this address, or for none; what it held is good no more. */
  *set_address({ lock, state, gpa }: GfnToPfnCache, to: bigint | undefined): Task<void> {
    rule("xencfg.shared-info.any-backed-frame");
    yield* write_lock_irqsave(lock);
    state.valid = false;
    yield gpa.store;
    gpa.now = to;
    yield* write_unlock_irqrestore(lock);
  },

  *kvm_gpc_deactivate(gpc: GfnToPfnCache): Task<void> {
    rule("lock.spin.nothing-sleeps-inside");
    rule("xenev.cache.listed-while-active");
    rule("xencfg.shared-info.any-backed-frame");
    yield* mutex_lock(gpc.refresh_lock);
    yield gpc.gpa.load;
    if (gpc.gpa.now !== undefined) {
      yield* pfncache.set_address(gpc, undefined);
      yield* pfncache.list_del(gpc);
    }
    yield* mutex_unlock(gpc.refresh_lock);
  },

  *list_add(gpc: GfnToPfnCache): Task<void> {
    const { list_lock, list } = gpc.kvm.gpcs;
    rule("lock.spin.nothing-sleeps-inside");
    yield* spin_lock(list_lock);
    list.caches = [...list.caches, gpc];
    yield* spin_unlock(list_lock);
  },

  *list_del(gpc: GfnToPfnCache): Task<void> {
    const { list_lock, list } = gpc.kvm.gpcs;
    rule("xenev.cache.listed-while-active");
    yield* spin_lock(list_lock);
    list.caches = list.caches.filter((each) => each.name !== gpc.name);
    yield* spin_unlock(list_lock);
  },

  /** Host pages are about to go: nobody finds them through a cache once this has returned. */
  *gfn_to_pfn_cache_invalidate_start({ gpcs: { list_lock, list } }: Kvm, { start, end }: HvaRange): Task<void> {
    yield* spin_lock(list_lock);
    for (const { lock, state } of list.caches) {
      yield* write_lock_irqsave(lock);
      if (state.valid && state.hva >= start && state.hva < end) state.valid = false;
      yield* write_unlock_irqrestore(lock);
    }
    yield* spin_unlock(list_lock);
  },
});

/**
 * What KVM does when the host takes pages away from under it, and how a lookup notices that it
 * raced with that. Source: virt/kvm/kvm_main.c, kvm_mmu_notifier_invalidate_range_start, _end;
 * include/linux/kvm_host.h, mmu_invalidate_retry_gfn.
 */
import { lockdep_assert_held, notifier_enter, notifier_exit } from "../sync/lockdep";
import { write_lock, write_unlock } from "../sync/rwlock";
import { spin_lock, spin_unlock } from "../sync/spinlock";
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { WaitQueue, wake_up } from "../sync/wait";
import { Cell, guarded, ops, rule, type Task, type Thing } from "../task";
import type { GfnRange, HvaRange, Memslot, Notifier } from "./memory";
import { mmu } from "./mmu";
import { pfncache } from "./pfncache";
import type { Kvm } from "./types";

export function notifier_of(mmu_lock: Thing): Notifier {
  const active = new Cell("mmu_notifier.active", 0);
  const in_progress = new Cell("mmu_notifier.in_progress", 0);
  const seq = new Cell("mmu_notifier.seq", 0);
  return {
    active,
    begin: active.as("rmw", "mmu_notifier.active.raised"),
    finish: active.as("rmw", "mmu_notifier.active.lowered"),
    drained: new WaitQueue("mmu_notifier.drained", "mmu_notifier.drained"),
    in_progress,
    raise: in_progress.as("rmw", "mmu_notifier.in_progress.raised"),
    lower: in_progress.as("rmw", "mmu_notifier.in_progress.lowered"),
    seq,
    advance: seq.as("rmw", "mmu_notifier.seq.advanced"),
    range: guarded(mmu_lock, { start: 0, end: 0 }),
  };
}

/** The guest frames of a slot that these host pages back, if there are any. */
function overlap(slot: Memslot, { start, end }: HvaRange): GfnRange | undefined {
  const first = Math.max(start, slot.hva);
  const last = Math.min(end, slot.hva + slot.npages);
  const shift = slot.base_gfn - slot.hva;
  return first < last ? { slot, start: first + shift, end: last + shift } : undefined;
}

export const mmu_notifier = ops("mmu_notifier", {
  /**
   * The pages are about to go. Returns when no vCPU can use them any more. From the count on, the
   * table of slots does not change until the matching end.
   */
  *kvm_mmu_notifier_invalidate_range_start(kvm: Kvm, range: HvaRange): Task<"ok"> {
    notifier_enter();
    rule("lock.order.no-cycle");
    rule("lock.notifier.no-slots-lock");
    rule("lock.notifier.count-lock-is-a-leaf");
    rule("apicpg.invalidate.active-from-first-to-last");
    yield* spin_lock(kvm.mn_invalidate_lock);
    rule("lock.notifier.swap-waits");
    yield kvm.notifier.begin;
    kvm.notifier.active.now++;
    yield* spin_unlock(kvm.mn_invalidate_lock);
    rule("lock.order.gpc-before-mmu");
    rule("apicpg.invalidate.caches-first");
    yield* pfncache.gfn_to_pfn_cache_invalidate_start(kvm, range);
    const session = yield* srcu_read_lock(kvm.kvm_srcu);
    yield* mmu_notifier.unmap_hva_range(kvm, range);
    yield* srcu_read_unlock(kvm.kvm_srcu, session);
    notifier_exit();
    return "ok";
  },

  /** The pages are back, or others are. Who looked one up meanwhile must look again. */
  *kvm_mmu_notifier_invalidate_range_end(kvm: Kvm, range: HvaRange): Task<"ok"> {
    notifier_enter();
    rule("lock.notifier.no-slots-lock");
    rule("lock.notifier.swap-waits");
    const session = yield* srcu_read_lock(kvm.kvm_srcu);
    rule("apicpg.invalidate.active-from-first-to-last");
    rule("apicpg.invalidate.end-balances-start");
    if ((yield* mmu_notifier.gfn_ranges(kvm, range)).length > 0) {
      yield* write_lock(kvm.mmu_lock);
      yield* mmu_notifier.kvm_mmu_invalidate_end(kvm);
      yield* write_unlock(kvm.mmu_lock);
    }
    yield* srcu_read_unlock(kvm.kvm_srcu, session);
    yield* mmu_notifier.put_active(kvm);
    notifier_exit();
    return "ok";
  },

  /** One invalidation less; the last one wakes the memslot change that waits, if one does. */
  *put_active(kvm: Kvm): Task<void> {
    const { active, finish, drained } = kvm.notifier;
    yield* spin_lock(kvm.mn_invalidate_lock);
    yield finish;
    const wake = --active.now === 0;
    yield* spin_unlock(kvm.mn_invalidate_lock);
    rule("lock.notifier.wakes-at-zero");
    if (wake) yield* wake_up(drained);
  },

  /** The account first, then the translations, then one flush if there was any to be flushed. */
  *unmap_hva_range(kvm: Kvm, range: HvaRange): Task<void> {
    const overlapping = yield* mmu_notifier.gfn_ranges(kvm, range);
    if (overlapping.length === 0) return;
    yield* write_lock(kvm.mmu_lock);
    rule("apicpg.invalidate.counts-before-zap");
    yield* mmu_notifier.kvm_mmu_invalidate_begin(kvm);
    rule("apicpg.flush.by-who-zaps");
    let flush = false;
    for (const gfns of overlapping) {
      yield* mmu_notifier.kvm_mmu_invalidate_range_add(kvm, gfns);
      flush = (yield* mmu_notifier.kvm_unmap_gfn_range(kvm, gfns)) || flush;
    }
    rule("apicpg.flush.one-per-migration");
    rule("apicpg.flush.under-mmu-lock");
    if (flush) yield* mmu.kvm_flush_remote_tlbs(kvm);
    yield* write_unlock(kvm.mmu_lock);
  },

  /** The guest frames behind these pages, in the table that cannot change before the end is told. */
  *gfn_ranges(kvm: Kvm, range: HvaRange): Task<GfnRange[]> {
    yield kvm.memslots.table.load;
    return kvm.memslots.table.now.slots.flatMap((slot) => overlap(slot, range) ?? []);
  },

  *kvm_mmu_invalidate_begin(kvm: Kvm): Task<void> {
    lockdep_assert_held(kvm.mmu_lock, "write");
    const { in_progress, raise, range } = kvm.notifier;
    rule("apicpg.retry.range-is-union");
    rule("apicpg.retry.only-what-is-invalidated");
    yield raise;
    if (++in_progress.now === 1) range.start = range.end = 0;
  },

  /** Frames that lie between two ranges count as covered too; none that is covered is left out. */
  *kvm_mmu_invalidate_range_add({ notifier: { range } }: Kvm, { start, end }: GfnRange): Task<void> {
    rule("apicpg.retry.range-is-union");
    const empty = range.start === range.end;
    range.start = empty ? start : Math.min(range.start, start);
    range.end = empty ? end : Math.max(range.end, end);
  },

  /** A lookup that began before this, and did not see the count, sees the sequence. */
  *kvm_mmu_invalidate_end(kvm: Kvm): Task<void> {
    lockdep_assert_held(kvm.mmu_lock, "write");
    const { in_progress, seq, lower, advance } = kvm.notifier;
    rule("apicpg.retry.range-is-union");
    rule("apicpg.invalidate.sequence-first");
    yield advance;
    seq.now++;
    yield lower;
    in_progress.now--;
  },

  /** Whether a translation was removed, which then must be flushed: that alone, whoever reloads what. */
  *kvm_unmap_gfn_range(kvm: Kvm, gfns: GfnRange): Task<boolean> {
    let flush = false;
    rule("apicpg.flush.by-who-zaps");
    for (let gfn = gfns.start; gfn < gfns.end; gfn++) flush = (yield* mmu.zap_gfn(kvm, gfn)) || flush;
    for (const chapter of kvm.chapters) if (chapter.unmap_gfn_range) yield* chapter.unmap_gfn_range(kvm, gfns);
    return flush;
  },

  /** Whether what was looked up after sampling `seq` may be gone by now. */
  *mmu_invalidate_retry_gfn(kvm: Kvm, seq: number, gfn: number): Task<boolean> {
    lockdep_assert_held(kvm.mmu_lock);
    const { notifier } = kvm;
    rule("apicpg.retry.only-what-is-invalidated");
    rule("apicpg.retry.range-is-union");
    yield notifier.in_progress.load;
    if (notifier.in_progress.now > 0 && gfn >= notifier.range.start && gfn < notifier.range.end) return true;
    rule("apicpg.retry.whatever-ended");
    yield notifier.seq.load;
    return notifier.seq.now !== seq;
  },
});

/**
 * Memory slots: a table that readers find through one pointer, inside an SRCU read section, and
 * that writers replace as a whole. Source: virt/kvm/kvm_main.c, kvm_set_memslot.
 */
import { awaiting_notifiers } from "../sync/lockdep";
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { write_lock, write_unlock } from "../sync/rwlock";
import { spin_lock, spin_unlock } from "../sync/spinlock";
import { synchronize_srcu } from "../sync/srcu";
import { finish_wait, prepare_to_wait, schedule } from "../sync/wait";
import { Cell, ops, rule, type Task } from "../task";
import type { Memslot, Memslots, Table } from "./memory";
import { mmu } from "./mmu";
import type { Kvm, Result } from "./types";

/** User slots are below this; KVM's own (TSS, APIC access page, identity map) are above. */
const KVM_USER_MEM_SLOTS = 32764;
export const APIC_ACCESS_PAGE_PRIVATE_MEMSLOT = 32765;

export function memslots_of(): Memslots {
  const table = new Cell<Table>("memslots.table", { generation: 0, slots: [] });
  return { table, swap: table.as("store", "memslots.swapped") };
}

/** The slot with this id in a table that the caller has loaded. */
export function id_to_memslot(table: Table, id: number): Memslot | undefined {
  return table.slots.find((slot) => slot.id === id);
}

/** The slot that covers a frame in a table that the caller has loaded. */
export function gfn_to_memslot(table: Table, gfn: number): Memslot | undefined {
  return table.slots.find((slot) => gfn >= slot.base_gfn && gfn < slot.base_gfn + slot.npages);
}

export const memslots = ops("memslots", {
  /** KVM_SET_USER_MEMORY_REGION: userspace can name no private slot. */
  *kvm_vm_ioctl_set_memory_region(kvm: Kvm, slot: Omit<Memslot, "invalid">): Task<Result> {
    rule("apicpg.slot.private-ids-refused");
    if (slot.id >= KVM_USER_MEM_SLOTS) return "EINVAL";
    return yield* memslots.kvm_set_memory_region(kvm, slot);
  },

  /**
   * Adds a slot, or deletes the one with this id if `npages` is 0; one that is there stays as it is.
   * Takes slots_lock itself. Nothing is moved: a frame has the same host page behind it in every slot.
   */
  *kvm_set_memory_region(kvm: Kvm, slot: Omit<Memslot, "invalid">): Task<Result> {
    rule("lock.order.kvm-lock-first");
    rule("lock.order.slots-lock-first");
    rule("lock.order.no-cycle");
    yield* mutex_lock(kvm.slots_lock);
    const result = yield* memslots.__kvm_set_memory_region(kvm, slot);
    yield* mutex_unlock(kvm.slots_lock);
    return result;
  },

  /** As above, under slots_lock. */
  *__kvm_set_memory_region(kvm: Kvm, { id, base_gfn, npages, hva }: Omit<Memslot, "invalid">): Task<Result> {
    yield kvm.memslots.table.load;
    const { slots } = kvm.memslots.table.now;
    const old = slots.find((slot) => slot.id === id);
    if (npages === 0) {
      rule("apicpg.slot.deleted-if-there");
      if (old === undefined) return "EINVAL";
      yield* memslots.kvm_delete_memslot(
        kvm,
        old,
        slots.filter((slot) => slot !== old),
      );
      return "ok";
    }
    rule("apicpg.slot.stays-as-made");
    if (old !== undefined) return old.hva === hva && old.npages === npages ? "ok" : "EINVAL";
    rule("apicpg.slot.no-overlap");
    if (slots.some((slot) => base_gfn < slot.base_gfn + slot.npages && slot.base_gfn < base_gfn + npages)) return "EEXIST";
    yield* mutex_lock(kvm.slots_arch_lock);
    yield* memslots.kvm_swap_active_memslots(kvm, [...slots, { id, base_gfn, npages, hva, invalid: false }]);
    return "ok";
  },

  /** First a table in which the slot is invalid, then, when nobody can use it any more, one without it. */
  *kvm_delete_memslot(kvm: Kvm, old: Memslot, others: readonly Memslot[]): Task<void> {
    yield* mutex_lock(kvm.slots_arch_lock);
    rule("apicpg.reload.only-from-a-slot");
    yield* memslots.kvm_swap_active_memslots(kvm, [...others, { ...old, invalid: true }]);
    yield* write_lock(kvm.mmu_lock);
    let flush = false;
    for (let gfn = old.base_gfn; gfn < old.base_gfn + old.npages; gfn++) flush = (yield* mmu.zap_gfn(kvm, gfn)) || flush;
    rule("apicpg.flush.under-mmu-lock");
    if (flush) yield* mmu.kvm_flush_remote_tlbs(kvm);
    rule("lock.spin.nothing-sleeps-inside");
    yield* write_unlock(kvm.mmu_lock);
    yield* mutex_lock(kvm.slots_arch_lock);
    yield* memslots.kvm_swap_active_memslots(kvm, others);
  },

  /**
   * Publishes a new table and waits until nobody reads the old one. Waits first for running MMU
   * invalidations, which must end with the table they began with. Releases slots_arch_lock before
   * the grace period: readers may want it.
   */
  *kvm_swap_active_memslots(kvm: Kvm, slots: readonly Memslot[]): Task<void> {
    yield kvm.memslots.table.load;
    const generation = kvm.memslots.table.now.generation + 1;
    yield* memslots.wait_for_invalidations(kvm);
    yield kvm.memslots.swap;
    kvm.memslots.table.now = { generation, slots };
    rule("lock.notifier.count-lock-is-a-leaf");
    yield* spin_unlock(kvm.mn_invalidate_lock);
    rule("lock.srcu.synchronize-after-slots-arch");
    yield* mutex_unlock(kvm.slots_arch_lock);
    rule("lock.srcu.no-synchronize-inside");
    yield* synchronize_srcu(kvm.kvm_srcu);
  },

  /** Returns with mn_invalidate_lock held and no invalidation running. */
  *wait_for_invalidations(kvm: Kvm): Task<void> {
    const { notifier } = kvm;
    awaiting_notifiers(kvm.slots_lock.graph);
    yield* spin_lock(kvm.mn_invalidate_lock);
    rule("lock.notifier.swap-waits");
    for (;;) {
      yield notifier.active.load;
      if (notifier.active.now === 0) return;
      rule("lock.notifier.looks-again");
      const waiter = yield* prepare_to_wait(notifier.drained);
      yield* spin_unlock(kvm.mn_invalidate_lock);
      yield* schedule(notifier.drained, waiter);
      yield* finish_wait(notifier.drained, waiter);
      yield* spin_lock(kvm.mn_invalidate_lock);
    }
  },
});

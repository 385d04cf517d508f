/**
 * What the guest's accesses go through: a page-table entry per guest frame, a TLB per vCPU that can
 * be stale, and the flushes that end staleness. Source: arch/x86/kvm/mmu/mmu.c.
 */
import { lockdep_assert_held } from "../sync/lockdep";
import { write_lock, write_unlock } from "../sync/rwlock";
import { Cell, ops, rmw_all, rule, type Task } from "../task";
import type { Pfn } from "./guest_memory";
import type { Mmu, Spte, Tlb } from "./memory";
import { requests } from "./requests";
import type { Kvm, Vcpu } from "./types";

class Entry extends Cell<Pfn | undefined> implements Spte {
  readonly zap = this.as("rmw", "mmu.spte_zapped");

  constructor(gfn: number) {
    super(`mmu.spte.0x${gfn.toString(16)}`, undefined);
  }
}

export function mmu_of(): Mmu {
  const remote_tlb_flush = new Cell("mmu.remote_tlb_flush", 0);
  return { sptes: new Map(), remote_tlb_flush, flush: rmw_all([remote_tlb_flush], "mmu.tlb_flush") };
}

export function tlb_of(owner: string): Tlb {
  return { name: `${owner}.tlb`, entries: new Map(), flushes: new Cell(`${owner}.tlb_flush`, 0) };
}

/** The entry for a guest frame in the page tables. */
export function spte(kvm: Kvm, gfn: number): Spte {
  const { sptes } = kvm.mmu;
  let cell = sptes.get(gfn);
  if (cell === undefined) sptes.set(gfn, (cell = new Entry(gfn)));
  return cell;
}

/** The entry for a guest frame in a vCPU's TLB. */
export function tlb_entry({ tlb: { name, entries } }: Vcpu, gfn: number): Cell<Pfn | undefined> {
  let cell = entries.get(gfn);
  if (cell === undefined) entries.set(gfn, (cell = new Cell<Pfn | undefined>(`${name}.0x${gfn.toString(16)}`, undefined)));
  return cell;
}

export const mmu = ops("mmu", {
  /** Removes the translation of one frame; says whether there was one, which then must be flushed. */
  *zap_gfn(kvm: Kvm, gfn: number): Task<boolean> {
    lockdep_assert_held(kvm.mmu_lock, "write");
    const cell = spte(kvm, gfn);
    yield cell.zap;
    const had = cell.now !== undefined;
    cell.now = undefined;
    return had;
  },

  /**
   * Removes the translation of one frame, as an invalidation of its own: who looked a page up before
   * finds the sequence moved, and looks again.
   */
  *kvm_zap_gfn(kvm: Kvm, gfn: number): Task<void> {
    yield* write_lock(kvm.mmu_lock);
    rule("apicpg.flush.by-who-zaps");
    rule("apicv.inhibit.zap-moves-the-sequence");
    const flush = yield* mmu.zap_gfn(kvm, gfn);
    if (flush) yield* mmu.kvm_flush_remote_tlbs(kvm);
    yield kvm.notifier.seq.rmw;
    kvm.notifier.seq.now++;
    yield* write_unlock(kvm.mmu_lock);
  },

  /** One posting that makes every vCPU drop its TLB before it runs the guest again. */
  *kvm_flush_remote_tlbs(kvm: Kvm): Task<void> {
    rule("apicpg.flush.one-per-migration");
    yield kvm.mmu.flush;
    kvm.mmu.remote_tlb_flush.now++;
    yield* requests.kvm_make_all_cpus_request(kvm, "TLB_FLUSH");
  },

  /** The vCPU drops its own TLB. */
  *kvm_vcpu_flush_tlb(vcpu: Vcpu): Task<void> {
    const { entries, flushes } = vcpu.tlb;
    const cells = [...entries.values()];
    yield rmw_all([flushes, ...cells]);
    flushes.now++;
    for (const cell of cells) cell.now = undefined;
  },
});

/**
 * A guest access that found no translation: look the page up, and map it unless it may have gone
 * meanwhile. Source: arch/x86/kvm/mmu/mmu.c, kvm_tdp_page_fault, kvm_faultin_pfn.
 */
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { read_lock, read_unlock } from "../sync/rwlock";
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { again, ops, rule, versions, type Task } from "../task";
import { host_mm } from "./host_mm";
import { gfn_to_memslot } from "./memslots";
import { mmu_notifier } from "./mmu_notifier";
import { spte } from "./mmu";
import { sched } from "./sched";
import { RETRY_INSTRUCTION, type Result, type Retry, type Vcpu } from "./types";

/** What is given back for an address without memory, or one whose memory is not for the guest now: the access is emulated instead. */
export const EMULATE = Symbol("emulate");

export const page_fault = ops("page_fault", {
  *kvm_tdp_page_fault(vcpu: Vcpu, gfn: number): Task<typeof RETRY_INSTRUCTION | typeof EMULATE | "EFAULT"> {
    const { kvm } = vcpu;
    const { seq, in_progress } = kvm.notifier;
    yield kvm.memslots.table.load;
    const slot = gfn_to_memslot(kvm.memslots.table.now, gfn);
    if (slot === undefined || slot.invalid) return EMULATE;

    yield seq.load;
    const sample = seq.now;
    const since = versions([seq]);
    rule("apicv.inhibit.page-is-not-mapped");
    rule("apicv.inhibit.zap-moves-the-sequence");
    for (const chapter of kvm.chapters) if (chapter.emulates && (yield* chapter.emulates(kvm, slot))) return EMULATE;
    const pfn = yield* host_mm.hva_to_pfn(kvm, slot.hva + gfn - slot.base_gfn);
    if (pfn === undefined) return "EFAULT";
    rule("apicpg.access.reaches-the-apic");
    rule("lock.spin.nothing-sleeps-inside");
    yield* read_lock(kvm.mmu_lock);
    if (yield* mmu_notifier.mmu_invalidate_retry_gfn(kvm, sample, gfn)) {
      vcpu.run.retry = { cells: [seq, in_progress], since: [...since, ...versions([in_progress])] };
    } else {
      const cell = spte(kvm, gfn);
      yield cell.store;
      cell.now = pfn;
    }
    yield* read_unlock(kvm.mmu_lock);
    return RETRY_INSTRUCTION;
  },

  /** KVM_PRE_FAULT_MEMORY for one page: as if the guest had touched it, until it is mapped. */
  *kvm_vcpu_pre_fault_memory(vcpu: Vcpu, gfn: number): Task<Result> {
    rule("lock.srcu.no-vcpu-mutex-inside");
    yield* mutex_lock(vcpu.mutex);
    yield* sched.vcpu_load(vcpu);
    const session = yield* srcu_read_lock(vcpu.kvm.kvm_srcu);
    const result = yield* page_fault.kvm_tdp_map_page(vcpu, gfn);
    yield* srcu_read_unlock(vcpu.kvm.kvm_srcu, session);
    yield* sched.vcpu_put(vcpu);
    yield* mutex_unlock(vcpu.mutex);
    return result;
  },

  *kvm_tdp_map_page(vcpu: Vcpu, gfn: number): Task<Result> {
    for (;;) {
      vcpu.run.retry = undefined as Retry | undefined;
      const result = yield* page_fault.kvm_tdp_page_fault(vcpu, gfn);
      if (result === EMULATE) return "ENOENT";
      if (result === "EFAULT") return result;
      const { retry } = vcpu.run;
      if (retry === undefined) return "ok";
      yield again(retry.cells, retry.since);
    }
  },
});

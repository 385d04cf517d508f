/**
 * The VMCS field by which the hardware knows the APIC-access page, and what a guest that touches
 * its APIC meets. Source: arch/x86/kvm/vmx/vmx.c, vmx_set_apic_access_page_addr.
 */
import { access_page } from "../apic/access_page";
import { APIC_DEFAULT_GFN } from "../apic/apicv";
import { to_lapic } from "../apic/lapic";
import { address_of, per_vcpu, type Api } from "../kvm/api";
import type { Pfn } from "../kvm/guest_memory";
import { host_mm } from "../kvm/host_mm";
import { APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, id_to_memslot } from "../kvm/memslots";
import { spte, tlb_entry } from "../kvm/mmu";
import { mmu_notifier } from "../kvm/mmu_notifier";
import { EMULATE, page_fault } from "../kvm/page_fault";
import { requests } from "../kvm/requests";
import type { GuestAction, Result, Vcpu } from "../kvm/types";
import { read_lock, read_unlock } from "../sync/rwlock";
import { ops, rule, versions, type Task } from "../task";
import { VmcsField, vmcs_write } from "./vmcs";

interface VcpuAccessPage {
  readonly apic_access_addr: VmcsField<Pfn | undefined>;
}

export function to_vcpu_access_page(vcpu: Vcpu): VcpuAccessPage {
  return vcpu.arch["apic_access_page"] as VcpuAccessPage;
}

/** The control that makes the hardware look at the field at all. */
function cpu_need_virtualize_apic_accesses(vcpu: Vcpu): boolean {
  return vcpu.kvm.config.flexpriority && to_lapic(vcpu).in_kernel;
}

/** What the hardware finds when the guest touches its APIC. */
type Access = "apic" | "memory" | "violation";

export const apic_access_page = ops("apic_access_page", {
  *vmx_vcpu_create(vcpu: Vcpu): Task<Result> {
    const apic_access_addr = new VmcsField<Pfn | undefined>(vcpu.vcpu_id, "APIC_ACCESS_ADDR", undefined);
    vcpu.arch["apic_access_page"] = { apic_access_addr } satisfies VcpuAccessPage;
    if (!cpu_need_virtualize_apic_accesses(vcpu)) return "ok";
    const made = yield* access_page.kvm_alloc_apic_access_page(vcpu.kvm);
    if (made === "ok") yield* requests.kvm_make_request(vcpu, "APIC_PAGE_RELOAD");
    return made;
  },

  /**
   * Looks the page up and tells the hardware, unless the page may be moving: then asks itself again,
   * which keeps the vCPU out of the guest until the move is over. Flushes nothing: whoever removed
   * the translations does.
   */
  *vmx_set_apic_access_page_addr(vcpu: Vcpu): Task<void> {
    const { kvm } = vcpu;
    if (!cpu_need_virtualize_apic_accesses(vcpu)) return;
    yield kvm.memslots.table.load;
    const slot = id_to_memslot(kvm.memslots.table.now, APIC_ACCESS_PAGE_PRIVATE_MEMSLOT);
    if (slot === undefined || slot.invalid) return;

    const { seq, in_progress } = kvm.notifier;
    rule("apicpg.reload.samples-first");
    yield seq.load;
    const sample = seq.now;
    const since = versions([seq]);
    const pfn = yield* host_mm.hva_to_pfn(kvm, slot.hva);

    rule("apicpg.reload.never-waits");
    rule("apicpg.reload.writes-under-mmu-lock");
    yield* read_lock(kvm.mmu_lock);
    rule("apicpg.reload.retries");
    if (yield* mmu_notifier.mmu_invalidate_retry_gfn(kvm, sample, slot.base_gfn)) {
      vcpu.run.retry = { cells: [seq, in_progress], since: [...since, ...versions([in_progress])] };
      yield* requests.kvm_make_request(vcpu, "APIC_PAGE_RELOAD");
    } else {
      yield* vmcs_write(to_vcpu_access_page(vcpu).apic_access_addr, pfn);
    }
    rule("apicpg.reload.does-not-flush");
    yield* read_unlock(kvm.mmu_lock);
  },

  /** The hardware translates, from the TLB if it can, and compares the frame with the field. */
  *guest_access(vcpu: Vcpu): Task<Access> {
    const cached = tlb_entry(vcpu, APIC_DEFAULT_GFN);
    yield cached.load;
    let pfn = cached.now;
    if (pfn === undefined) {
      const walked = spte(vcpu.kvm, APIC_DEFAULT_GFN);
      yield walked.load;
      pfn = walked.now;
      if (pfn === undefined) return "violation";
      yield cached.store;
      cached.now = pfn;
    }
    const { apic_access_addr } = to_vcpu_access_page(vcpu);
    yield apic_access_addr.load;
    return apic_access_addr.now === pfn ? "apic" : "memory";
  },

  *handle_ept_violation(vcpu: Vcpu): Task<unknown> {
    const result = yield* page_fault.kvm_tdp_page_fault(vcpu, APIC_DEFAULT_GFN);
    return result === EMULATE ? "apic" : result;
  },
});

/** The guest reads a register of its APIC at 0xfee00000; the call returns what answered. */
export const APIC_READ: GuestAction = {
  in_guest: (vcpu) => apic_access_page.guest_access(vcpu),
  *exit(vcpu, access) {
    return access === "violation" ? yield* apic_access_page.handle_ept_violation(vcpu) : access;
  },
};

export const access_page_reads: Api["reads"] = {
  "vcpu.*.vmcs.APIC_ACCESS_ADDR": per_vcpu((vcpu) => address_of(to_vcpu_access_page(vcpu).apic_access_addr.now)),
};

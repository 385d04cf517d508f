/** What the hardware makes of a guest's access to 0xfee00000, and what KVM does where it can make nothing of it. */
import { APIC_ACCESS_PAGE_HVA } from "../apic/access_page";
import { APIC_DEFAULT_GFN } from "../apic/apicv";
import { pte } from "../kvm/host_mm";
import { spte, tlb_entry } from "../kvm/mmu";
import { EMULATE, page_fault } from "../kvm/page_fault";
import type { GuestAction, Vcpu } from "../kvm/types";
import { load_all, ops, type Task } from "../task";
import { loaded_address, to_vcpu_access_page } from "./apic_access_page";

/**
 * What the guest meets: its APIC, the memory that is behind the page now, memory that was behind it
 * once and is somebody else's, or no translation.
 */
type Access = "apic" | "memory" | "stale" | "violation";

export const apic_access_hw = ops("apic_access_hw", {
  /** Translates, from the TLB if it can, and compares the frame with the address that it was told. */
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
    const { virtualize } = to_vcpu_access_page(vcpu);
    const address = loaded_address(vcpu);
    const behind = pte(vcpu.kvm, APIC_ACCESS_PAGE_HVA);
    yield load_all([virtualize, address, behind]);
    if (virtualize.now && address.now === pfn) return "apic";
    return behind.now === pfn ? "memory" : "stale";
  },

  *handle_ept_violation(vcpu: Vcpu): Task<unknown> {
    const result = yield* page_fault.kvm_tdp_page_fault(vcpu, APIC_DEFAULT_GFN);
    return result === EMULATE ? "apic" : result;
  },
});

/** The guest reads what is at 0xfee00000; the call returns what answered. */
export const APIC_READ: GuestAction = {
  in_guest: (vcpu) => apic_access_hw.guest_access(vcpu),
  *exit(vcpu, access) {
    return access === "violation" ? yield* apic_access_hw.handle_ept_violation(vcpu) : access;
  },
};

/** What a case can ask about the APIC-access page, and look at, whatever the hardware. */
import { address_of, per_vcpu, per_vm, vcpu_fd, type Api } from "../kvm/api";
import { pte, references_to } from "../kvm/host_mm";
import { APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, id_to_memslot } from "../kvm/memslots";
import { spte, tlb_entry } from "../kvm/mmu";
import { run } from "../kvm/run";
import type { Kvm } from "../kvm/types";
import { access_page, APIC_ACCESS_PAGE_HVA } from "./access_page";
import { apic_base } from "./apic_base";
import { APIC_DEFAULT_GFN } from "./apicv";
import type { ApicMode } from "./x86_ops";

export const access_page_calls: Api["calls"] = {
  "guest.set_apic_mode": (kvm, { vcpu, mode }) =>
    run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), { exit: (exited) => apic_base.kvm_lapic_set_base(exited, mode as ApicMode) }),
  "vcpu.give_up_apic_page": (kvm, { vcpu }) => access_page.give_up(vcpu_fd(kvm, vcpu)),
};

function mapping(kvm: Kvm) {
  return kvm.mm.mappings.now.find(({ hva }) => hva === APIC_ACCESS_PAGE_HVA);
}

function slot(kvm: Kvm): "none" | "there" | "invalid" {
  const found = id_to_memslot(kvm.memslots.table.now, APIC_ACCESS_PAGE_PRIVATE_MEMSLOT);
  if (found === undefined) return "none";
  return found.invalid ? "invalid" : "there";
}

/** The APIC-access page as host, guest and hardware see it: each the address of a frame, or none. */
export const access_page_reads: Api["reads"] = {
  "apic_page.slot": per_vm(slot),
  "apic_page.shared": per_vm((kvm) => mapping(kvm)?.shared ?? false),
  "apic_page.pages": per_vm((kvm) => mapping(kvm)?.npages ?? 0),
  "apic_page.references": per_vm((kvm) => references_to(kvm, APIC_ACCESS_PAGE_HVA)),
  "apic_page.frame": per_vm((kvm) => address_of(pte(kvm, APIC_ACCESS_PAGE_HVA).now)),
  "apic_page.translation": per_vm((kvm) => address_of(spte(kvm, APIC_DEFAULT_GFN).now)),
  "vcpu.*.tlb.apic_page": per_vcpu((vcpu) => address_of(tlb_entry(vcpu, APIC_DEFAULT_GFN).now)),
};

/**
 * The page behind 0xfee00000, by which hardware knows an access to the APIC: ordinary memory of the
 * process, in a slot of KVM's own, so that the host may move it like any other. Source:
 * arch/x86/kvm/lapic.c, kvm_alloc_apic_access_page; arch/x86/kvm/mmu/mmu.c, kvm_unmap_gfn_range.
 */
import { address_of, per_vcpu, per_vm, type Api } from "../kvm/api";
import { host_mm, hva_of, pte } from "../kvm/host_mm";
import type { GfnRange } from "../kvm/memory";
import { APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, memslots } from "../kvm/memslots";
import { spte, tlb_entry } from "../kvm/mmu";
import { requests } from "../kvm/requests";
import { vcpus } from "../kvm/vcpus";
import type { Kvm, Result, Vcpu } from "../kvm/types";
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { guarded, ops, rule, type Task } from "../task";
import { APIC_DEFAULT_GFN } from "./apicv";
import { x86_ops } from "./x86_ops";

interface AccessPage {
  /** Guarded by slots_lock: whether the slot was made. */
  enabled: boolean;
}

function to_access_page(kvm: Kvm): AccessPage {
  return kvm.arch["access_page"] as AccessPage;
}

/** A new VM has no such page: the first vCPU that needs it makes it. */
export function access_page_init(kvm: Kvm): void {
  kvm.arch["access_page"] = guarded(kvm.slots_lock, { enabled: false } satisfies AccessPage);
}

/** The host page behind the APIC, wherever the guest has moved its own. */
export const APIC_ACCESS_PAGE_HVA = hva_of(APIC_DEFAULT_GFN);

export const access_page = ops("access_page", {
  /** The given world: its vCPUs know where the page is, and those named have used its translation. */
  *settle(kvm: Kvm, mapped: readonly number[] | undefined): Task<void> {
    const found = yield* vcpus.kvm_for_each_vcpu(kvm);
    for (const vcpu of found)
      if (yield* requests.kvm_check_request(vcpu, "APIC_PAGE_RELOAD")) yield* access_page.kvm_vcpu_reload_apic_access_page(vcpu);
    if (mapped === undefined) return;
    const pfn = yield* host_mm.hva_to_pfn(kvm, APIC_ACCESS_PAGE_HVA);
    const users = found.filter(({ vcpu_id }) => mapped.includes(vcpu_id));
    for (const entry of [spte(kvm, APIC_DEFAULT_GFN), ...users.map((vcpu) => tlb_entry(vcpu, APIC_DEFAULT_GFN))]) {
      yield entry.store;
      entry.now = pfn;
    }
  },

  /** Called for each new vCPU that needs the page; only the first makes the slot. */
  *kvm_alloc_apic_access_page(kvm: Kvm): Task<Result> {
    const page = to_access_page(kvm);
    yield* mutex_lock(kvm.slots_lock);
    let result: Result = "ok";
    rule("apicpg.slot.made-once");
    if (!page.enabled) {
      const slot = { id: APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, base_gfn: APIC_DEFAULT_GFN, npages: 1, hva: APIC_ACCESS_PAGE_HVA };
      result = yield* memslots.__kvm_set_memory_region(kvm, slot);
      page.enabled = result === "ok";
    }
    yield* mutex_unlock(kvm.slots_lock);
    return result;
  },

  /** The page is about to move: no vCPU runs on before it has asked where to. */
  *kvm_unmap_gfn_range(kvm: Kvm, { slot }: GfnRange): Task<void> {
    rule("apicpg.reload.only-with-hook");
    if (x86_ops(kvm).set_apic_access_page_addr === undefined) return;
    rule("apicpg.reload.asked-of-every-vcpu");
    if (slot.id === APIC_ACCESS_PAGE_PRIVATE_MEMSLOT) yield* requests.kvm_make_all_cpus_request(kvm, "APIC_PAGE_RELOAD");
  },

  /** Serves APIC_PAGE_RELOAD. */
  *kvm_vcpu_reload_apic_access_page(vcpu: Vcpu): Task<void> {
    const { set_apic_access_page_addr } = x86_ops(vcpu.kvm);
    if (set_apic_access_page_addr) yield* set_apic_access_page_addr(vcpu);
  },
});

/** The APIC-access page as host, guest and hardware see it: each the address of a frame, or none. */
export const access_page_reads: Api["reads"] = {
  "apic_page.frame": per_vm((kvm) => address_of(pte(kvm, APIC_ACCESS_PAGE_HVA).now)),
  "apic_page.translation": per_vm((kvm) => address_of(spte(kvm, APIC_DEFAULT_GFN).now)),
  "vcpu.*.tlb.apic_page": per_vcpu((vcpu) => address_of(tlb_entry(vcpu, APIC_DEFAULT_GFN).now)),
};

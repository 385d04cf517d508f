/**
 * The page behind 0xfee00000, by which hardware knows an access to the APIC: ordinary memory of the
 * process, in a slot of KVM's own, so that the host may move it like any other. Source:
 * arch/x86/kvm/lapic.c, kvm_alloc_apic_access_page; arch/x86/kvm/mmu/mmu.c, kvm_unmap_gfn_range.
 */
import { host_mm, hva_of } from "../kvm/host_mm";
import type { GfnRange, Memslot } from "../kvm/memory";
import { APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, memslots } from "../kvm/memslots";
import { spte, tlb_entry } from "../kvm/mmu";
import { requests } from "../kvm/requests";
import { run } from "../kvm/run";
import { vcpus } from "../kvm/vcpus";
import { vcpu_ioctl } from "../kvm/vcpu_ioctl";
import type { Kvm, Result, Vcpu } from "../kvm/types";
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { guarded, ops, rule, type Task } from "../task";
import { APIC_DEFAULT_GFN, apicv } from "./apicv";
import { x86_ops } from "./x86_ops";

/** Guarded by slots_lock. */
export interface AccessPage {
  /** The slot was made. */
  enabled: boolean;
  /** It was given up for good. */
  inhibited: boolean;
}

export function to_access_page(kvm: Kvm): AccessPage {
  return kvm.arch["access_page"] as AccessPage;
}

/** A new VM has no such page: the first vCPU that needs it makes it. */
export function access_page_init(kvm: Kvm): void {
  kvm.arch["access_page"] = guarded(kvm.slots_lock, { enabled: false, inhibited: false } satisfies AccessPage);
}

/** The host page behind the APIC, wherever the guest has moved its own. */
export const APIC_ACCESS_PAGE_HVA = hva_of(APIC_DEFAULT_GFN);

const SLOT = { id: APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, base_gfn: APIC_DEFAULT_GFN, npages: 1, hva: APIC_ACCESS_PAGE_HVA };

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

  /** Called for each new vCPU that needs the page; only the first makes the slot, unless it was given up. */
  *kvm_alloc_apic_access_page(kvm: Kvm): Task<Result> {
    const page = to_access_page(kvm);
    yield* mutex_lock(kvm.slots_lock);
    let result: Result = "ok";
    rule("apicpg.slot.made-once");
    rule("apicpg.slot.given-up-for-good");
    if (!page.enabled && !page.inhibited) {
      result = yield* access_page.make_slot(kvm);
      page.enabled = result === "ok";
    }
    yield* mutex_unlock(kvm.slots_lock);
    return result;
  },

  /** Under slots_lock. Memory like any other of the process: shared, and with nothing that keeps its frame. */
  *make_slot(kvm: Kvm): Task<Result> {
    rule("apicpg.page.shared");
    rule("apicpg.page.one");
    rule("apicpg.page.not-held");
    yield* host_mm.vm_mmap(kvm, { hva: APIC_ACCESS_PAGE_HVA, npages: 1, shared: true });
    return yield* memslots.__kvm_set_memory_region(kvm, SLOT);
  },

  /**
   * Deletes the slot, once and for all. Called in KVM_RUN: the vCPU's read section is left, since the
   * deletion waits for all of them, and no slot that was found in it is good any more.
   */
  *kvm_inhibit_apic_access_page(vcpu: Vcpu): Task<void> {
    const { kvm } = vcpu;
    const page = to_access_page(kvm);
    rule("lock.srcu.no-slots-lock-inside");
    yield* run.kvm_vcpu_srcu_read_unlock(vcpu);
    yield* mutex_lock(kvm.slots_lock);
    rule("apicpg.slot.given-up-for-good");
    if (page.enabled) {
      yield* memslots.__kvm_set_memory_region(kvm, { ...SLOT, npages: 0 });
      page.enabled = false;
      page.inhibited = true;
    }
    yield* mutex_unlock(kvm.slots_lock);
    yield* run.kvm_vcpu_srcu_read_lock(vcpu);
  },

  /** The same from a vCPU ioctl of its own, as a case can ask for it on any hardware. */
  *give_up(vcpu: Vcpu): Task<"ok"> {
    return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
      yield* run.kvm_vcpu_srcu_read_lock(vcpu);
      yield* access_page.kvm_inhibit_apic_access_page(vcpu);
      yield* run.kvm_vcpu_srcu_read_unlock(vcpu);
      return "ok" as const;
    });
  },

  /** The page is about to move: no vCPU runs on before it has asked where to. */
  *kvm_unmap_gfn_range(kvm: Kvm, { slot }: GfnRange): Task<void> {
    rule("apicpg.reload.only-with-hook");
    if (x86_ops(kvm).set_apic_access_page_addr === undefined) return;
    rule("apicpg.reload.asked-of-every-vcpu");
    rule("apicpg.reload.awaits-acknowledgement");
    rule("apicpg.reload.asked-only-for-the-page");
    if (slot.id === APIC_ACCESS_PAGE_PRIVATE_MEMSLOT) yield* requests.kvm_make_all_cpus_request(kvm, "APIC_PAGE_RELOAD");
  },

  /**
   * While APICv is inhibited the slot is there, and the guest does not see it. Called with the sequence
   * sampled: an inhibit that comes after this look moves it. Nothing is noted that the way back would
   * have to forget.
   */
  *is_invisible(kvm: Kvm, { id }: Memslot): Task<boolean> {
    rule("apicv.inhibit.page-is-not-mapped");
    rule("apicv.inhibit.page-comes-back");
    return id === APIC_ACCESS_PAGE_PRIVATE_MEMSLOT && !(yield* apicv.kvm_apicv_activated(kvm));
  },

  /** Serves APIC_PAGE_RELOAD. */
  *kvm_vcpu_reload_apic_access_page(vcpu: Vcpu): Task<void> {
    const { set_apic_access_page_addr } = x86_ops(vcpu.kvm);
    if (set_apic_access_page_addr) yield* set_apic_access_page_addr(vcpu);
  },
});

/**
 * The VMCS field by which the hardware knows the APIC-access page: what it is told of a page that
 * the host may move at any time. Source: arch/x86/kvm/vmx/vmx.c, vmx_set_apic_access_page_addr.
 */
import { access_page } from "../apic/access_page";
import { to_lapic } from "../apic/lapic";
import type { ApicMode } from "../apic/x86_ops";
import { address_of, per_vcpu, type Api } from "../kvm/api";
import type { Pfn } from "../kvm/guest_memory";
import { host_mm } from "../kvm/host_mm";
import type { Memslot } from "../kvm/memory";
import { APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, id_to_memslot } from "../kvm/memslots";
import { mmu_notifier } from "../kvm/mmu_notifier";
import { requests } from "../kvm/requests";
import type { Result, Vcpu } from "../kvm/types";
import { read_lock, read_unlock } from "../sync/rwlock";
import { ops, rule, versions, type Task } from "../task";
import { to_vmcs, VmcsField, vmcs_write } from "./vmcs";

interface VcpuAccessPage {
  /** The control that makes the hardware look at the address at all: set while the guest reaches its APIC by memory. */
  readonly virtualize: VmcsField<boolean>;
  readonly apic_access_addr: VmcsField<Pfn | undefined>;
  /** The same of the VMCS that L2 runs with, which is L1's to say. */
  readonly vmcs02_apic_access_addr: VmcsField<Pfn | undefined>;
}

export function to_vcpu_access_page(vcpu: Vcpu): VcpuAccessPage {
  return vcpu.arch["apic_access_page"] as VcpuAccessPage;
}

/** The address in the VMCS that is loaded: what a VMWRITE by the vCPU's thread goes to. */
export function loaded_address(vcpu: Vcpu): VmcsField<Pfn | undefined> {
  const { apic_access_addr, vmcs02_apic_access_addr } = to_vcpu_access_page(vcpu);
  return to_vmcs(vcpu).nested.guest_mode ? vmcs02_apic_access_addr : apic_access_addr;
}

/** Whether the hardware can tell accesses to this vCPU's APIC from others. */
function cpu_need_virtualize_apic_accesses(vcpu: Vcpu): boolean {
  return vcpu.kvm.config.flexpriority && to_lapic(vcpu).in_kernel;
}

/** The sequence as a lookup saw it before it began, and how new it was then. */
export interface Sample {
  readonly seq: number;
  readonly since: readonly number[];
}

export const apic_access_page = ops("apic_access_page", {
  *vmx_vcpu_create(vcpu: Vcpu): Task<Result> {
    const needed = cpu_need_virtualize_apic_accesses(vcpu);
    vcpu.arch["apic_access_page"] = {
      virtualize: new VmcsField<boolean>(vcpu.vcpu_id, "VIRTUALIZE_APIC_ACCESSES", needed),
      apic_access_addr: new VmcsField<Pfn | undefined>(vcpu.vcpu_id, "APIC_ACCESS_ADDR", undefined),
      vmcs02_apic_access_addr: new VmcsField<Pfn | undefined>(vcpu.vcpu_id, "APIC_ACCESS_ADDR", undefined, "vmcs02"),
    } satisfies VcpuAccessPage;
    rule("apicpg.slot.only-if-needed");
    if (!needed) return "ok";
    const made = yield* access_page.kvm_alloc_apic_access_page(vcpu.kvm);
    if (made === "ok") yield* requests.kvm_make_request(vcpu, "APIC_PAGE_RELOAD");
    return made;
  },

  /** In x2APIC mode the page is memory like any other, and translations of it may be made. */
  *vmx_set_virtual_apic_mode(vcpu: Vcpu, mode: ApicMode): Task<void> {
    if (!cpu_need_virtualize_apic_accesses(vcpu)) return;
    yield* vmcs_write(to_vcpu_access_page(vcpu).virtualize, mode === "xapic");
    rule("apicpg.mode.back-to-xapic-reloads");
    rule("apicpg.mode.back-to-xapic-flushes");
    if (mode !== "xapic") return;
    yield* requests.kvm_make_request(vcpu, "APIC_PAGE_RELOAD");
    yield* requests.kvm_make_request(vcpu, "TLB_FLUSH_CURRENT");
  },

  /** L2 was left: what was asked for while it ran is asked for again, since L1's VMCS is loaded now. */
  *reload_vmcs01(vcpu: Vcpu): Task<void> {
    const { nested } = to_vmcs(vcpu);
    rule("apicpg.reload.done-once-l2-is-left");
    if (!nested.reload_vmcs01_apic_access_page) return;
    nested.reload_vmcs01_apic_access_page = false;
    yield* requests.kvm_make_request(vcpu, "APIC_PAGE_RELOAD");
  },

  /**
   * Looks the page up and tells the hardware, unless the page may be moving: then asks itself again,
   * which keeps the vCPU out of the guest until the move is over. Flushes nothing: whoever removed
   * the translations does.
   */
  *vmx_set_apic_access_page_addr(vcpu: Vcpu): Task<void> {
    const { kvm } = vcpu;
    const { nested } = to_vmcs(vcpu);
    rule("apicpg.reload.waits-for-l1");
    if (nested.guest_mode) {
      nested.reload_vmcs01_apic_access_page = true;
      return;
    }
    const { virtualize } = to_vcpu_access_page(vcpu);
    rule("apicpg.reload.only-if-used");
    yield virtualize.load;
    if (!virtualize.now) return;
    rule("apicpg.reload.only-from-a-slot");
    yield kvm.memslots.table.load;
    const slot = id_to_memslot(kvm.memslots.table.now, APIC_ACCESS_PAGE_PRIVATE_MEMSLOT);
    if (slot === undefined || slot.invalid) return;

    yield* apic_access_page.reload(vcpu, slot);
  },

  /**
   * The sequence is sampled before the page is looked up: an invalidation that comes in between, and
   * may have ended, is seen by it.
   */
  *reload(vcpu: Vcpu, { hva, base_gfn }: Memslot): Task<void> {
    const { kvm } = vcpu;
    const { seq } = kvm.notifier;
    rule("apicpg.reload.samples-first");
    yield seq.load;
    const sample: Sample = { seq: seq.now, since: versions([seq]) };
    const pfn = yield* host_mm.faultin_pfn(kvm, hva);
    rule("apicpg.reload.only-what-is-there");
    if (pfn === undefined) return;
    yield* apic_access_page.write_unless_invalidated(vcpu, base_gfn, pfn, sample);
    rule("apicpg.page.not-held");
    yield* host_mm.release_pfn(kvm, pfn);
  },

  *write_unless_invalidated(vcpu: Vcpu, gfn: number, pfn: Pfn, sample: Sample): Task<void> {
    const { mmu_lock, notifier } = vcpu.kvm;
    rule("apicpg.access.reaches-the-apic");
    rule("apicpg.reload.never-waits");
    rule("apicpg.reload.stalled-vcpu-serves-others");
    rule("apicpg.reload.writes-under-mmu-lock");
    yield* read_lock(mmu_lock);
    rule("apicpg.reload.retries");
    if (yield* mmu_notifier.mmu_invalidate_retry_gfn(vcpu.kvm, sample.seq, gfn)) {
      const { seq, in_progress } = notifier;
      vcpu.run.retry = { cells: [seq, in_progress], since: [...sample.since, ...versions([in_progress])] };
      yield* requests.kvm_make_request(vcpu, "APIC_PAGE_RELOAD");
    } else {
      yield* vmcs_write(loaded_address(vcpu), pfn);
    }
    rule("apicpg.reload.does-not-flush");
    yield* read_unlock(mmu_lock);
  },
});

export const access_page_reads: Api["reads"] = {
  "vcpu.*.vmcs.APIC_ACCESS_ADDR": per_vcpu((vcpu) => address_of(to_vcpu_access_page(vcpu).apic_access_addr.now)),
  "vcpu.*.vmcs.VIRTUALIZE_APIC_ACCESSES": per_vcpu((vcpu) => to_vcpu_access_page(vcpu).virtualize.now),
};

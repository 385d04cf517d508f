/** Reads of what no system call shows: fields of struct kvm and its vCPUs, in the meaning of spec/reads.yaml. */
import type { ReadPattern, Value } from "../../../spec/generated/types";
import type { KernelVcpu, KernelVmLook } from "./kernel-vm";

/** A value; for a name with stars one for each instance, by what the stars stand for, with dots between. */
export type KernelRead = (vm: KernelVmLook) => Promise<Value | Readonly<Record<string, Value>>>;

export type KernelReads = { readonly [R in ReadPattern]?: KernelRead };

/** An enum of the kernel's that has no name; its order is the same from Linux 5.17 on. */
const MODES = ["OUTSIDE_GUEST_MODE", "IN_GUEST_MODE", "EXITING_GUEST_MODE", "READING_SHADOW_PAGE_TABLES"];

/** Macros, which BTF does not have: their numbers in Linux 6.1, 6.6 and 6.12, the arch's own from 8 on. */
export const REQUESTS = {
  TLB_FLUSH: 0,
  UNBLOCK: 2,
  EVENT: 14,
  SCAN_IOAPIC: 23,
  APIC_PAGE_RELOAD: 25,
  APICV_UPDATE: 33,
} as const;

const REASON = "APICV_INHIBIT_REASON_";
/** Of those that were renamed, the name that rules use. */
const REASONS: Readonly<Record<string, string>> = { DISABLED: "DISABLE" };

/** The bit of a generation that says that a change is under way. */
const IN_PROGRESS = 1n << 63n;
const REGISTERS = 0x400;
const LDR = 0xd0;
const DFR = 0xe0;
const IRR = 0x200;
const VECTORS = 256;

export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** A read of each vCPU, by its id. */
export function perVcpu(show: (vcpu: KernelVcpu, vm: KernelVmLook) => Promise<Value>): KernelRead {
  return async (vm) => {
    const shown: Record<string, Value> = {};
    for (const vcpu of await vm.vcpus()) shown[vcpu.id] = await show(vcpu, vm);
    return shown;
  };
}

const number =
  (path: string): KernelRead =>
  (vm) =>
    vm.number(path);

const flag = (path: string): KernelRead => perVcpu(async ({ struct }) => ((await struct.number(path)) ?? 0n) !== 0n);

/** The bits of a bitmap, in ascending order. */
function bits(map: Buffer | undefined): number[] {
  return Array.from({ length: (map?.length ?? 0) * 8 }, (_, i) => i).filter((i) => ((map?.[i >> 3] ?? 0) >> (i & 7)) & 1);
}

const bitmap = (path: string): KernelRead => perVcpu(async ({ struct }) => bits(await struct.bytes(path)));

/** A register of the local APIC, from the page that hardware and KVM share. */
const register = (show: (page: Buffer) => Value): KernelRead =>
  perVcpu(async ({ struct }, { look }) => {
    const page = await struct.number("arch.apic->regs");
    return show(page === undefined ? Buffer.alloc(REGISTERS) : await look.bytes(page, REGISTERS));
  });

/** Each of the eight words of the IRR lies at the beginning of 16 bytes. */
function irr(page: Buffer): number[] {
  return Array.from({ length: VECTORS }, (_, vector) => vector).filter(
    (vector) => (page.readUInt32LE(IRR + 16 * (vector >> 5)) >>> (vector & 31)) & 1,
  );
}

async function inhibits(vm: KernelVmLook): Promise<string[]> {
  const mask = (await vm.kvm.number("arch.apicv_inhibit_reasons")) ?? 0n;
  const names = [...vm.kvm.btf.values("kvm_apicv_inhibit")].filter(([name]) => name.startsWith(REASON));
  return names
    .filter(([, bit]) => (mask >> BigInt(bit)) & 1n)
    .map(([name]) => name.slice(REASON.length))
    .map((name) => REASONS[name] ?? name);
}

async function generation(vm: KernelVmLook): Promise<number> {
  const value = (await vm.kvm.number("memslots[0]->generation")) ?? 0n;
  // Each address space counts in steps of their number, so that no two have the same generation.
  const spaces = BigInt(vm.kvm.btf.member("kvm", "memslots").size / vm.kvm.btf.member("kvm", "memslots[0]").size);
  return Number((value & ~IN_PROGRESS) / spaces);
}

async function slots(vm: KernelVmLook): Promise<Record<string, Value>> {
  const vcpus = await vm.vcpus();
  const filled = vcpus.map(({ slot, id }): [string, Value] => [String(slot), id]);
  return Object.fromEntries([...filled, [String(vcpus.length), -1]]);
}

const requests: KernelRead = async (vm) => {
  const shown: Record<string, Value> = {};
  for (const { id, struct } of await vm.vcpus()) {
    const pending = (await struct.number("requests")) ?? 0n;
    for (const [name, bit] of Object.entries(REQUESTS)) shown[`${id}.${name}`] = ((pending >> BigInt(bit)) & 1n) === 1n;
  }
  return shown;
};

export const KVM_READS: KernelReads = {
  "vm.max_vcpu_ids": number("arch.max_vcpu_ids"),
  "vm.online_vcpus": number("online_vcpus.counter"),
  "vm.created_vcpus": number("created_vcpus"),
  "vm.irqchip_mode": async (vm) => ["none", "kernel", "split"][await vm.number("arch.irqchip_mode")] ?? "none",
  "vm.vcpu_array.*": slots,
  "vcpu.*.mode": perVcpu(async ({ struct }) => MODES[Number(await struct.number("mode"))] ?? "none"),
  "vcpu.*.request.*": requests,
  "vcpu.*.blocking": flag("wait.task"),
  "vcpu.*.tlb_flush": perVcpu(async ({ struct }) => Number(await struct.number("stat.tlb_flush"))),
  "memslots.generation": generation,
  // The statistic of this name counts only those flushes for which a CPU had to be interrupted.
  "mmu.remote_tlb_flush": number("stat.generic.remote_tlb_flush_requests"),
  "mmu_notifier.active": number("mn_active_invalidate_count"),
  "mmu_notifier.in_progress": number("mmu_invalidate_in_progress"),
  "apicv.inhibits": inhibits,
  "apicv.inhibited": async (vm) => (await vm.kvm.number("arch.apicv_inhibit_reasons")) !== 0n,
  "vcpu.*.apicv_active": flag("arch.apic->apicv_active"),
  "vcpu.*.ldr": register((page) => hex(page.readUInt32LE(LDR))),
  "vcpu.*.dfr": register((page) => hex(page.readUInt32LE(DFR))),
  "vcpu.*.irr": register(irr),
};

export const HYPERV_READS: KernelReads = {
  "synic.auto_eoi_vcpus": number("arch.hyperv.synic_auto_eoi_used"),
  "vcpu.*.synic.vectors": bitmap("arch.hyperv->synic.vec_bitmap"),
  "vcpu.*.synic.auto_eoi": bitmap("arch.hyperv->synic.auto_eoi_bitmap"),
};

export const XEN_READS: KernelReads = {
  "xen.shared_info.mapped": async (vm) => (await vm.number("arch.xen.shinfo_cache.valid")) !== 0,
  "xen.vcpu.*.vcpu_info_mapped": flag("arch.xen.vcpu_info_cache.valid"),
  "xen.vcpu.*.runstate_mapped": flag("arch.xen.runstate_cache.valid"),
  "xen.vcpu.*.shadow_sel": perVcpu(async ({ struct }) => hex((await struct.number("arch.xen.evtchn_pending_sel")) ?? 0n)),
};

/** Reads of the books that kvm-amd keeps for AVIC: its two tables, and what the control blocks say of them. */
import type { Value } from "../../../spec/generated/types";
import type { KernelVcpu, KernelVmLook } from "./kernel-vm";
import { perVcpu, type KernelRead, type KernelReads } from "./kernel-reads";

const PAGE = 0x1000;
const PHYSICAL_ENTRY = 8;
const LOGICAL_ENTRY = 4;
const HOST = 0xfffn;
const BACKING_PAGE = 0x000f_ffff_ffff_f000n;
const IS_RUNNING = 62n;
const VALID = 63n;
const LOGICAL_TARGET = 0xff;
const AVIC_ENABLE = 31n;
/** Of the VMCB's field: the page of the table lies above it. */
const MAX_INDEX = 0x1ffn;

/** Indexes of the logical table that a logical id can have: 8 when flat; 15 clusters of 4. */
const LOGICAL_ENTRIES = 60;

/** The page of a table: a pointer to it in newer kernels, to its struct page in older ones. */
async function table(vm: KernelVmLook, name: string): Promise<Buffer | undefined> {
  const svm = vm.svm();
  const at = svm.has(name) ? await svm.number(name) : await pageAt(vm, (await svm.number(`${name}_page`)) ?? 0n);
  return at === undefined || at === 0n ? undefined : vm.look.bytes(at, PAGE);
}

/** The kernel's address of what a struct page stands for. */
async function pageAt({ kernel, look }: KernelVmLook, page: bigint): Promise<bigint | undefined> {
  if (page === 0n) return undefined;
  const first = await look.word(kernel.memory.symbol("vmemmap_base"));
  const frame = (page - first) / BigInt(kernel.types("vmlinux").size("page"));
  return kernel.memory.ofPhysical(frame * BigInt(PAGE));
}

/** A read of each entry of the physical table; `owners` says whose registers a page holds. */
function physical(show: (entry: bigint, owners: ReadonlyMap<bigint, number>) => Value): KernelRead {
  return async (vm) => {
    const entries = await table(vm, "avic_physical_id_table");
    if (entries === undefined) return {};
    const owners = new Map<bigint, number>();
    for (const { id, struct } of await vm.vcpus()) {
      const registers = await struct.number("arch.apic->regs");
      if (registers !== undefined) owners.set(vm.kernel.memory.toPhysical(registers), id);
    }
    return Object.fromEntries(
      Array.from({ length: PAGE / PHYSICAL_ENTRY }, (_, i) => [String(i), show(entries.readBigUInt64LE(i * PHYSICAL_ENTRY), owners)]),
    );
  };
}

const bit = (entry: bigint, at: bigint): boolean => ((entry >> at) & 1n) === 1n;

/** The APIC ids in the logical table, undefined where an entry is not valid. */
async function targets(vm: KernelVmLook): Promise<(number | undefined)[]> {
  const entries = await table(vm, "avic_logical_id_table");
  if (entries === undefined) return [];
  return Array.from({ length: LOGICAL_ENTRIES }, (_, i) => {
    const entry = entries.readUInt32LE(i * LOGICAL_ENTRY);
    return entry >>> 31 === 1 ? entry & LOGICAL_TARGET : undefined;
  });
}

/** A field of the control block that runs the guest, not a guest of its own. */
function vmcb(field: string, show: (value: bigint) => Value): KernelRead {
  return perVcpu(async (vcpu: KernelVcpu, vm) => show((await vm.vcpuSvm(vcpu).number(`vmcb01.ptr->control.${field}`)) ?? 0n));
}

export const AVIC_READS: KernelReads = {
  "avic.physical.*.valid": physical((entry) => bit(entry, VALID)),
  "avic.physical.*.is_running": physical((entry) => bit(entry, IS_RUNNING)),
  "avic.physical.*.host": physical((entry) => Number(entry & HOST)),
  "avic.physical.*.owner": physical((entry, owners) => {
    const page = entry & BACKING_PAGE;
    return page === 0n ? "none" : (owners.get(page) ?? "none");
  }),
  "avic.logical.*.target": async (vm) => Object.fromEntries((await targets(vm)).map((target, i) => [String(i), target ?? "none"])),
  "avic.logical_named_twice": async (vm) => {
    const named = (await targets(vm)).filter((target) => target !== undefined);
    return new Set(named.filter((target, i) => named.indexOf(target) !== i)).size;
  },
  "vcpu.*.vmcb.avic_enable": vmcb("int_ctl", (value) => bit(value, AVIC_ENABLE)),
  "vcpu.*.vmcb.avic_max_index": vmcb("avic_physical_id", (value) => Number(value & MAX_INDEX)),
};

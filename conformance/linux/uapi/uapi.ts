/**
 * The structures that KVM's ioctls take: where each field lies, in bytes. Names are as C writes the
 * path to a field, so that a compiler can be asked for its offset. Source: <linux/kvm.h>.
 */

/** The fields of a structure: where each begins, and how many bytes it has. */
export interface Struct {
  readonly size: number;
  readonly fields: Readonly<Record<string, readonly [offset: number, size: number]>>;
}

const enableCap = { size: 104, fields: { cap: [0, 4], flags: [4, 4], "args[0]": [8, 8] } } as const;

const userspaceMemoryRegion = {
  size: 32,
  fields: { slot: [0, 4], flags: [4, 4], guest_phys_addr: [8, 8], memory_size: [16, 8], userspace_addr: [24, 8] },
} as const;

/** With room for one entry. */
const msrs = { size: 24, fields: { nmsrs: [0, 4], "entries[0].index": [8, 4], "entries[0].data": [16, 8] } } as const;

/** With room for one entry. */
const cpuid2 = { size: 48, fields: { nent: [0, 4], "entries[0].function": [8, 4], "entries[0].eax": [20, 4] } } as const;

const lapicState = { size: 1024, fields: {} } as const;

const pitConfig = { size: 64, fields: { flags: [0, 4] } } as const;

const guestDebug = { size: 72, fields: { control: [0, 4] } } as const;

const preFaultMemory = { size: 64, fields: { gpa: [0, 8], size: [8, 8], flags: [16, 8] } } as const;

/** With room for one entry, here of the type XEN_EVTCHN. */
const irqRouting = {
  size: 56,
  fields: {
    nr: [0, 4],
    "entries[0].gsi": [8, 4],
    "entries[0].type": [12, 4],
    "entries[0].u.xen_evtchn.port": [24, 4],
    "entries[0].u.xen_evtchn.vcpu": [28, 4],
    "entries[0].u.xen_evtchn.priority": [32, 4],
  },
} as const;

const irqfd = { size: 32, fields: { fd: [0, 4], gsi: [4, 4], flags: [8, 4] } } as const;

const xenHvmConfig = { size: 56, fields: { flags: [0, 4], msr: [4, 4] } } as const;

const xenHvmAttr = {
  size: 72,
  fields: {
    type: [0, 2],
    "u.long_mode": [8, 1],
    "u.vector": [8, 1],
    "u.runstate_update_flag": [8, 1],
    "u.shared_info.gfn": [8, 8],
  },
} as const;

const xenVcpuAttr = {
  size: 72,
  fields: {
    type: [0, 2],
    "u.gpa": [8, 8],
    "u.vector": [8, 1],
    "u.runstate.state": [8, 8],
    "u.runstate.state_entry_time": [16, 8],
    "u.runstate.time_running": [24, 8],
    "u.runstate.time_runnable": [32, 8],
    "u.runstate.time_blocked": [40, 8],
    "u.runstate.time_offline": [48, 8],
  },
} as const;

const xenEvtchn = { size: 12, fields: { port: [0, 4], vcpu: [4, 4], priority: [8, 4] } } as const;

const regs = { size: 144, fields: { rbx: [8, 8], rsp: [48, 8], rip: [128, 8], rflags: [136, 8] } } as const;

const segment = {
  size: 24,
  fields: {
    base: [0, 8],
    limit: [8, 4],
    selector: [12, 2],
    type: [14, 1],
    present: [15, 1],
    dpl: [16, 1],
    db: [17, 1],
    s: [18, 1],
    l: [19, 1],
    g: [20, 1],
  },
} as const;

/** It begins with the segments cs, ds, es, fs, gs and ss. */
const sregs = {
  size: 312,
  fields: { "gdt.base": [192, 8], "gdt.limit": [200, 2], "idt.base": [208, 8], "idt.limit": [216, 2], cr0: [224, 8] },
} as const;

/** The beginning of the page that KVM_RUN shares with the VMM: what is after it is of no use here. */
const run = { size: 40, fields: { exit_reason: [8, 4], "io.port": [34, 2] } } as const;

export const STRUCTS = {
  kvm_cpuid2: cpuid2,
  kvm_enable_cap: enableCap,
  kvm_guest_debug: guestDebug,
  kvm_irq_routing: irqRouting,
  kvm_irq_routing_xen_evtchn: xenEvtchn,
  kvm_irqfd: irqfd,
  kvm_lapic_state: lapicState,
  kvm_msrs: msrs,
  kvm_pit_config: pitConfig,
  kvm_pre_fault_memory: preFaultMemory,
  kvm_regs: regs,
  kvm_run: run,
  kvm_segment: segment,
  kvm_sregs: sregs,
  kvm_userspace_memory_region: userspaceMemoryRegion,
  kvm_xen_hvm_attr: xenHvmAttr,
  kvm_xen_hvm_config: xenHvmConfig,
  kvm_xen_vcpu_attr: xenVcpuAttr,
} as const satisfies Readonly<Record<string, Struct>>;

export type StructName = keyof typeof STRUCTS;
export type FieldOf<S extends StructName> = keyof (typeof STRUCTS)[S]["fields"] & string;

/** A structure's bytes: the fields that are said, little-endian, and zeros; also over bytes that there are already. */
export function pack<S extends StructName>(
  name: S,
  values: { readonly [F in FieldOf<S>]?: number | bigint },
  over = new Uint8Array(STRUCTS[name].size),
): Uint8Array {
  for (const [field, value] of Object.entries(values) as [string, number | bigint][]) {
    const [offset, size] = place(name, field);
    let rest = BigInt.asUintN(8 * size, BigInt(value));
    for (let i = 0; i < size; i++, rest >>= 8n) over[offset + i] = Number(rest & 0xffn);
  }
  return over;
}

/** One field of a structure, unsigned. */
export function field<S extends StructName>(name: S, which: FieldOf<S>, bytes: Uint8Array): bigint {
  const [offset, size] = place(name, which);
  return unsigned(bytes, offset, size);
}

/** Where a field begins. */
export function offsetOf<S extends StructName>(name: S, which: FieldOf<S>): number {
  return place(name, which)[0];
}

/** An unsigned little-endian number in some bytes. */
export function unsigned(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0);
  return value;
}

/** A number as so many little-endian bytes. */
export function bytesOf(value: number | bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = BigInt.asUintN(8 * size, BigInt(value));
  for (let i = 0; i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

function place(name: StructName, which: string): readonly [number, number] {
  const { fields }: Struct = STRUCTS[name];
  const found = fields[which];
  if (found === undefined) throw new Error(`struct ${name} has no field ${which}`);
  return found;
}

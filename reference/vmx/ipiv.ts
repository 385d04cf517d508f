/**
 * IPI virtualization: the hardware finds the target of a guest's IPI in a table of pointers to
 * posted-interrupt descriptors, by APIC id. The VM has one table, as large as its limit on vCPU ids
 * needs. Source: arch/x86/kvm/vmx/vmx.c, vmx_vcpu_precreate, vmx_vcpu_create and init_vmcs.
 */
import { to_lapic } from "../apic/lapic";
import { kmalloc } from "../sync/fault";
import { Cell, ops, rule, type Step, type Task } from "../task";
import { per_vcpu, per_vm, type Api } from "../kvm/api";
import type { Kvm, Result, Vcpu } from "../kvm/types";
import { VmcsField, vmcs_write } from "./vmcs";

export const PAGE_SIZE = 4096;
const BYTES_PER_ENTRY = 8;

/** The hardware walks it without any lock; an entry that nobody wrote is all zeroes. */
export interface PidTable {
  readonly bytes: number;
  /** By vCPU id: the vCPU whose descriptor a valid entry points at. */
  readonly entries: Map<number, Cell<Vcpu | undefined>>;
}

interface VmIpiv {
  /** Set once, under kvm_lock; vCPUs under construction read it without. */
  readonly pid_table: Cell<PidTable | undefined>;
  readonly allocated: Step;
}

interface VcpuIpiv {
  readonly pid_pointer_table: VmcsField<PidTable | undefined>;
  readonly last_pid_pointer_index: VmcsField<number>;
  /** One bit of the tertiary controls: the hardware uses the other two fields only while it is set. */
  readonly ipi_virt: VmcsField<boolean>;
}

export function to_vm_ipiv(kvm: Kvm): VmIpiv {
  return kvm.arch["ipiv"] as VmIpiv;
}

export function to_vcpu_ipiv(vcpu: Vcpu): VcpuIpiv {
  return vcpu.arch["ipiv"] as VcpuIpiv;
}

/** A VM begins without a table: userspace has had no chance yet to set the limit. */
export function vm_ipiv_init(kvm: Kvm): void {
  const pid_table = new Cell<PidTable | undefined>("ipiv.pid_table", undefined);
  kvm.arch["ipiv"] = { pid_table, allocated: pid_table.as("store", "ipiv.pid_table.allocated") } satisfies VmIpiv;
}

function vcpu_ipiv_init(vcpu: Vcpu): void {
  vcpu.arch["ipiv"] = {
    pid_pointer_table: new VmcsField<PidTable | undefined>(vcpu.vcpu_id, "PID_POINTER_TABLE", undefined),
    last_pid_pointer_index: new VmcsField(vcpu.vcpu_id, "LAST_PID_POINTER_INDEX", 0),
    ipi_virt: new VmcsField<boolean>(vcpu.vcpu_id, "IPI_VIRT", false),
  } satisfies VcpuIpiv;
}

/** The entry for a vCPU id in a table. */
export function pid_table_entry({ entries }: PidTable, vcpu_id: number): Cell<Vcpu | undefined> {
  let cell = entries.get(vcpu_id);
  if (cell === undefined) entries.set(vcpu_id, (cell = new Cell<Vcpu | undefined>(`ipiv.pid_table.entry.${vcpu_id}`, undefined)));
  return cell;
}

/** The hardware delivers IPIs only to local APICs that the kernel has. */
function vmx_can_use_ipiv(vcpu: Vcpu): boolean {
  return vcpu.kvm.config.enable_ipiv && to_lapic(vcpu).in_kernel;
}

/** What the hardware would find for a vCPU: the vCPU that the valid entry at its id leads to. */
function entry_of(vcpu: Vcpu): "none" | "own" | "other" {
  const target = to_vm_ipiv(vcpu.kvm).pid_table.now?.entries.get(vcpu.vcpu_id)?.now;
  if (target === undefined) return "none";
  return target === vcpu ? "own" : "other";
}

/** Which table a vCPU's VMCS makes the hardware walk. */
function table_of(vcpu: Vcpu): "none" | "current" | "stale" {
  const table = to_vcpu_ipiv(vcpu).pid_pointer_table.now;
  if (table === undefined) return "none";
  return table === to_vm_ipiv(vcpu.kvm).pid_table.now ? "current" : "stale";
}

function used_ids(kvm: Kvm): number[] {
  const entries = to_vm_ipiv(kvm).pid_table.now?.entries ?? new Map<number, Cell<Vcpu | undefined>>();
  const used = [...entries].filter(([, { now }]) => now !== undefined);
  return used.map(([id]) => id).sort((a, b) => a - b);
}

export const ipiv = ops("ipiv", {
  /** Under kvm_lock. The irqchip cannot come later than this: the first vCPU freezes it. */
  *vmx_vcpu_precreate(kvm: Kvm): Task<Result> {
    rule("ipiv.table.only-if-usable");
    yield kvm.irqchip_mode.load;
    if (!kvm.config.enable_ipiv || kvm.irqchip_mode.now === "none") return "ok";
    return yield* ipiv.vmx_alloc_ipiv_pid_table(kvm);
  },

  /** Under kvm_lock: the first vCPU allocates the table, the others find it. */
  *vmx_alloc_ipiv_pid_table(kvm: Kvm): Task<Result> {
    const { pid_table, allocated } = to_vm_ipiv(kvm);
    rule("ipiv.table.once");
    yield pid_table.load;
    if (pid_table.now !== undefined) return "ok";

    const order = yield* ipiv.vmx_get_pid_table_order(kvm);
    if (!(yield* kmalloc())) return "ENOMEM";
    yield allocated;
    pid_table.now = { bytes: PAGE_SIZE << order, entries: new Map() };
    return "ok";
  },

  /** How many pages the table takes, as a power of two. */
  *vmx_get_pid_table_order({ limit: { max_vcpu_ids } }: Kvm): Task<number> {
    rule("ipiv.table.sized-by-limit");
    yield max_vcpu_ids.load;
    return Math.ceil(Math.log2(Math.max(1, (max_vcpu_ids.now * BYTES_PER_ENTRY) / PAGE_SIZE)));
  },

  /** Outside kvm_lock, which whoever reserved the id held: so there is a table. */
  *vmx_vcpu_create(vcpu: Vcpu): Task<Result> {
    vcpu_ipiv_init(vcpu);
    if (!vmx_can_use_ipiv(vcpu)) return "ok";

    const { pid_table } = to_vm_ipiv(vcpu.kvm);
    yield pid_table.load;
    const table = pid_table.now;
    if (table === undefined) throw new Error("a vCPU is built before the table was allocated");
    yield* ipiv.set_pid_table_entry(vcpu, table);
    yield* ipiv.init_vmcs(vcpu, table);
    return "ok";
  },

  /** Nobody can find the vCPU yet, but the hardware of others may walk the table already. */
  *set_pid_table_entry(vcpu: Vcpu, table: PidTable): Task<void> {
    rule("ipiv.entry.by-id");
    const entry = pid_table_entry(table, vcpu.vcpu_id);
    yield entry.store;
    entry.now = vcpu;
  },

  /** Whether or not APICv is inhibited just now: the fields stay when it comes back. */
  *init_vmcs(vcpu: Vcpu, table: PidTable): Task<void> {
    const { pid_pointer_table, last_pid_pointer_index } = to_vcpu_ipiv(vcpu);
    yield* vmcs_write(pid_pointer_table, table);
    rule("ipiv.vmcs.last-index");
    const { max_vcpu_ids } = vcpu.kvm.limit;
    yield max_vcpu_ids.load;
    yield* vmcs_write(last_pid_pointer_index, max_vcpu_ids.now - 1);
    yield* ipiv.vmx_refresh_apicv_exec_ctrl(vcpu);
  },

  /** Called by the vCPU's own thread, whenever its `apicv_active` has changed. */
  *vmx_refresh_apicv_exec_ctrl(vcpu: Vcpu): Task<void> {
    if (!vcpu.kvm.config.enable_ipiv) return;
    rule("ipiv.control.follows-apicv");
    const { apicv_active } = to_lapic(vcpu);
    yield apicv_active.load;
    yield* vmcs_write(to_vcpu_ipiv(vcpu).ipi_virt, apicv_active.now);
  },
});

/** What a case on VMX can look at. */
export const ipiv_reads: Api["reads"] = {
  "ipiv.pid_table.bytes": per_vm((kvm) => to_vm_ipiv(kvm).pid_table.now?.bytes ?? 0),
  "ipiv.pid_table.used_ids": per_vm(used_ids),
  "vcpu.*.pid_entry": per_vcpu(entry_of),
  "vcpu.*.vmcs.PID_POINTER_TABLE": per_vcpu(table_of),
  "vcpu.*.vmcs.IPI_VIRT": per_vcpu((vcpu) => to_vcpu_ipiv(vcpu).ipi_virt.now),
  "vcpu.*.vmcs.LAST_PID_POINTER_INDEX": per_vcpu((vcpu) => to_vcpu_ipiv(vcpu).last_pid_pointer_index.now),
};

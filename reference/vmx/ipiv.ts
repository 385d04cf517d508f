/**
 * IPI virtualization: the hardware finds the target of a guest's IPI in a table of pointers to
 * posted-interrupt descriptors, by APIC id. The VM has one table, as large as its limit on vCPU ids
 * needs. Source: arch/x86/kvm/vmx/vmx.c, vmx_vcpu_precreate, vmx_vcpu_create and init_vmcs.
 */
import { to_lapic } from "../apic/lapic";
import type { Kvm, Result, Vcpu } from "../kvm/types";
import { kmalloc } from "../sync/fault";
import { Cell, ops, rule, type Step, type Task } from "../task";
import { apicv_controls } from "./apicv_controls";
import { hardware_setup } from "./hardware_setup";
import { to_vmcs, VmcsField, vmcs_write } from "./vmcs";

export const PAGE_SIZE = 4096;
const BYTES_PER_ENTRY = 8;

/** The hardware looks at an entry's descriptor only if the entry is valid. All zeroes lead nowhere. */
export interface PidEntry {
  readonly vcpu: Vcpu;
  readonly valid: boolean;
}

/** The hardware walks it without any lock; an entry that nobody wrote is all zeroes. */
export interface PidTable {
  readonly bytes: number;
  /** By vCPU id. */
  readonly entries: Map<number, Cell<PidEntry | undefined>>;
}

interface VmIpiv {
  /** Set once, under kvm_lock; vCPUs under construction read it without. */
  readonly pid_table: Cell<PidTable | undefined>;
  readonly allocated: Step;
  /** How many pages the VM has taken for tables and not given back. */
  readonly pages: Cell<number>;
}

interface VcpuIpiv {
  readonly pid_pointer_table: VmcsField<PidTable | undefined>;
  readonly last_pid_pointer_index: VmcsField<number>;
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
  const allocated = pid_table.as("store", "ipiv.pid_table.allocated");
  kvm.arch["ipiv"] = { pid_table, allocated, pages: new Cell("ipiv.pages", 0) } satisfies VmIpiv;
}

function vcpu_ipiv_init(vcpu: Vcpu): void {
  vcpu.arch["ipiv"] = {
    pid_pointer_table: new VmcsField<PidTable | undefined>(vcpu.vcpu_id, "PID_POINTER_TABLE", undefined),
    last_pid_pointer_index: new VmcsField(vcpu.vcpu_id, "LAST_PID_POINTER_INDEX", 0),
  } satisfies VcpuIpiv;
}

/** The entry for a vCPU id in a table. */
export function pid_table_entry({ entries }: PidTable, vcpu_id: number): Cell<PidEntry | undefined> {
  let cell = entries.get(vcpu_id);
  if (cell === undefined) entries.set(vcpu_id, (cell = new Cell<PidEntry | undefined>(`ipiv.pid_table.entry.${vcpu_id}`, undefined)));
  return cell;
}

export const ipiv = ops("ipiv", {
  /** The hardware delivers IPIs only to local APICs that the kernel has. */
  *vmx_can_use_ipiv(vcpu: Vcpu): Task<boolean> {
    return to_lapic(vcpu).in_kernel && (yield* hardware_setup.enable_ipiv(vcpu.kvm));
  },

  /** Under kvm_lock. The irqchip cannot come later than this: the first vCPU freezes it. */
  *vmx_vcpu_precreate(kvm: Kvm): Task<Result> {
    rule("ipiv.table.only-if-usable");
    yield kvm.irqchip_mode.load;
    if (kvm.irqchip_mode.now === "none" || !(yield* hardware_setup.enable_ipiv(kvm))) return "ok";
    return yield* ipiv.vmx_alloc_ipiv_pid_table(kvm);
  },

  /** Under kvm_lock: the first vCPU allocates the table, the others find it. */
  *vmx_alloc_ipiv_pid_table(kvm: Kvm): Task<Result> {
    const { pid_table, allocated, pages } = to_vm_ipiv(kvm);
    rule("ipiv.table.once");
    yield pid_table.load;
    if (pid_table.now !== undefined) return "ok";

    rule("ipiv.table.after-the-limit");
    const order = yield* ipiv.vmx_get_pid_table_order(kvm);
    rule("ipiv.table.no-vcpu-without-it");
    if (!(yield* kmalloc())) return "ENOMEM";
    yield pages.rmw;
    pages.now += 1 << order;
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

  /** Nobody has kept the table's size: the limit that gave it is the same as ever. */
  *vmx_vm_destroy(kvm: Kvm): Task<void> {
    const { pid_table, pages } = to_vm_ipiv(kvm);
    yield pid_table.load;
    if (pid_table.now === undefined) return;
    rule("vcpuid.limit.frees-what-it-sized");
    const order = yield* ipiv.vmx_get_pid_table_order(kvm);
    yield pages.rmw;
    pages.now -= 1 << order;
  },

  /** Outside kvm_lock, which whoever reserved the id held: so there is a table. */
  *vmx_vcpu_create(vcpu: Vcpu): Task<Result> {
    vcpu_ipiv_init(vcpu);
    if (yield* ipiv.vmx_can_use_ipiv(vcpu)) {
      const { pid_table } = to_vm_ipiv(vcpu.kvm);
      yield pid_table.load;
      const table = pid_table.now;
      if (table === undefined) throw new Error("a vCPU is built before the table was allocated");
      yield* ipiv.set_pid_table_entry(vcpu, table);
      yield* ipiv.init_vmcs(vcpu, table);
    }
    if (vcpu.kvm.config.enable_apicv) yield* apicv_controls.write_controls(vcpu, to_vmcs(vcpu).vmcs01);
    return "ok";
  },

  /** Nobody can find the vCPU yet, but the hardware of others may walk the table already. */
  *set_pid_table_entry(vcpu: Vcpu, table: PidTable): Task<void> {
    rule("ipiv.entry.by-id");
    rule("ipiv.entry.valid");
    const entry = pid_table_entry(table, vcpu.vcpu_id);
    yield entry.store;
    entry.now = { vcpu, valid: true };
  },

  /** The vCPU goes before anybody could find it: its descriptor must not be found either. */
  *vmx_vcpu_free(vcpu: Vcpu): Task<void> {
    const { pid_table } = to_vm_ipiv(vcpu.kvm);
    yield pid_table.load;
    const entry = pid_table.now?.entries.get(vcpu.vcpu_id);
    if (entry === undefined) return;
    rule("ipiv.entry.goes-before-its-vcpu");
    yield entry.rmw;
    if (entry.now?.vcpu === vcpu) entry.now = undefined;
  },

  /** Whether or not APICv is inhibited just now: the fields stay for when it comes back. */
  *init_vmcs(vcpu: Vcpu, table: PidTable): Task<void> {
    const { pid_pointer_table, last_pid_pointer_index } = to_vcpu_ipiv(vcpu);
    rule("ipiv.vmcs.set-though-inhibited");
    yield* vmcs_write(pid_pointer_table, table);
    rule("ipiv.vmcs.last-index");
    const { max_vcpu_ids } = vcpu.kvm.limit;
    yield max_vcpu_ids.load;
    yield* vmcs_write(last_pid_pointer_index, max_vcpu_ids.now - 1);
  },
});

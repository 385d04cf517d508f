/**
 * The two tables through which AVIC hardware finds the vCPU that an IPI is for, and what a vCPU
 * keeps to enter the guest with them. The physical table is indexed by APIC id and leads to the
 * page of the target's APIC registers; the logical one leads from one bit of a logical id to an
 * APIC id. Hardware walks both while KVM changes them, without any lock: an entry changes in one
 * store. Source: arch/x86/kvm/svm/avic.c.
 */
import { APIC_DFR_FLAT, type RegisterPage } from "../apic/lapic";
import type { Kvm, Vcpu } from "../kvm/types";
import { Cell, guarded } from "../task";

/** The highest APIC id that a table can have in xAPIC mode: 255 is the broadcast. */
export const AVIC_MAX_PHYSICAL_ID = 0xfe;

/** How many logical entries there are: eight flat ones, or four for each of fifteen clusters. */
const LOGICAL_ENTRIES = 60;

/** So many entries are there from the start, and a case looks no further; others are made when first touched. */
const SHOWN = 16;

/** 64 bits: an all-zero one has no page and is not valid. */
export interface PhysicalEntry {
  readonly backing_page: RegisterPage | undefined;
  readonly host_physical_id: number;
  readonly is_running: boolean;
  readonly valid: boolean;
}

/** 32 bits. */
export interface LogicalEntry {
  readonly guest_physical_id: number;
  readonly valid: boolean;
}

/** A table in memory: one cell per entry. */
export interface EntryTable<E> {
  readonly of: string;
  readonly zero: E;
  readonly cells: Map<number, Cell<E>>;
}

export type PhysicalTable = EntryTable<PhysicalEntry>;

function entry_table<E>(of: string, zero: E): EntryTable<E> {
  const table = { of, zero, cells: new Map<number, Cell<E>>() };
  for (let index = 0; index < SHOWN; index++) table_entry(table, index);
  return table;
}

export function table_entry<E>({ of, zero, cells }: EntryTable<E>, index: number): Cell<E> {
  let cell = cells.get(index);
  if (cell === undefined) cells.set(index, (cell = new Cell(`${of}.${index}`, zero)));
  return cell;
}

export function physical_id_table(): PhysicalTable {
  return entry_table("avic.physical", { backing_page: undefined, host_physical_id: 0, is_running: false, valid: false });
}

/** What SVM keeps of a VM. */
export interface KvmSvm {
  /** Allocated under kvm_lock, before the first vCPU is built. */
  readonly physical_id_table: Cell<PhysicalTable | undefined>;
  readonly logical_id_table: EntryTable<LogicalEntry>;
}

export function kvm_svm_init(kvm: Kvm): void {
  kvm.arch["svm"] = {
    physical_id_table: new Cell<PhysicalTable | undefined>("avic.physical_id_table", undefined),
    logical_id_table: entry_table("avic.logical", { guest_physical_id: 0, valid: false }),
  } satisfies KvmSvm;
}

export function to_kvm_svm(kvm: Kvm): KvmSvm {
  return kvm.arch["svm"] as KvmSvm;
}

/** The control block that hardware is entered with, as far as AVIC goes. */
export interface Vmcb {
  avic_enable: boolean;
  avic_physical_max_index: number;
  readonly avic_backing_page: RegisterPage;
  readonly avic_physical_id: PhysicalTable | undefined;
}

/** Guarded by the vCPU's mutex. */
export interface VcpuSvm {
  readonly vmcb: Vmcb;
  /** LDR and DFR as the logical table was last made to agree with. */
  readonly cached: { ldr: number; dfr: number };
}

export function vcpu_svm_init(vcpu: Vcpu, avic_backing_page: RegisterPage, avic_physical_id: PhysicalTable | undefined): void {
  vcpu.arch["svm"] = {
    vmcb: guarded(vcpu.mutex, { avic_enable: false, avic_physical_max_index: 0, avic_backing_page, avic_physical_id }),
    cached: guarded(vcpu.mutex, { ldr: 0, dfr: APIC_DFR_FLAT }),
  } satisfies VcpuSvm;
}

export function to_vcpu_svm(vcpu: Vcpu): VcpuSvm {
  return vcpu.arch["svm"] as VcpuSvm;
}

/** The vCPU's own entry of the table that its hardware walks. */
export function own_entry(vcpu: Vcpu): Cell<PhysicalEntry> {
  const { avic_physical_id } = to_vcpu_svm(vcpu).vmcb;
  if (avic_physical_id === undefined) throw new Error(`vCPU ${vcpu.vcpu_id} has no physical id table`);
  return table_entry(avic_physical_id, vcpu.vcpu_id);
}

/** Which logical entries a destination means, under the sender's DFR; undefined if it is the cluster that has none. */
export function entries_of_destination(dest: number, dfr: number): number[] | undefined {
  const flat = dfr === APIC_DFR_FLAT;
  const first = flat ? 0 : 4 * (dest >> 4);
  if (first >= LOGICAL_ENTRIES) return undefined;
  const bits = flat ? [0, 1, 2, 3, 4, 5, 6, 7] : [0, 1, 2, 3];
  return bits.filter((bit) => (dest & (1 << bit)) !== 0).map((bit) => first + bit);
}

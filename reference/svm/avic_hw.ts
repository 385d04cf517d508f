/**
 * What the processor does by itself in a guest with AVIC on. It walks the tables with plain loads,
 * whatever KVM is doing to them. Source: AMD64 Architecture Programmer's Manual, volume 2, AVIC.
 */
import { lapic, type RegisterPage } from "../apic/lapic";
import type { ApicRegister, Icr } from "../apic/x86_ops";
import type { Vcpu } from "../kvm/types";
import { ops, type Task } from "../task";
import { entries_of_destination, table_entry, to_kvm_svm, to_vcpu_svm } from "./avic_tables";

/** Hardware has told none of the targets, or all of them and one does not run. */
export interface IncompleteIpi {
  readonly exit: "INCOMPLETE_IPI";
  readonly cause: "INVALID_TARGET" | "TARGET_NOT_RUNNING" | "INVALID_BACKING_PAGE";
}

/** Why the guest was left. */
export type AvicExit =
  { readonly exit: "APIC_ACCESS" } | { readonly exit: "UNACCELERATED_ACCESS"; readonly register: ApicRegister } | IncompleteIpi;

export const avic_hw = ops("avic_hw", {
  /** A write of LDR or DFR traps after the value is in the page. Without AVIC it faults before. */
  *write_register(vcpu: Vcpu, register: ApicRegister, value: number): Task<AvicExit> {
    const { avic_enable, avic_backing_page } = to_vcpu_svm(vcpu).vmcb;
    if (!avic_enable) return { exit: "APIC_ACCESS" };
    const cell = avic_backing_page[register];
    yield cell.store;
    cell.now = value;
    return { exit: "UNACCELERATED_ACCESS", register };
  },

  /**
   * Delivers an IPI if all its targets are known; else it exits before any of them has got it.
   * IsRunning is looked at after the IRR was written: a target that is about to sleep either is
   * seen not to run, or sees the IRR.
   */
  *write_icr(vcpu: Vcpu, icr: Icr): Task<AvicExit | undefined> {
    if (!to_vcpu_svm(vcpu).vmcb.avic_enable) return { exit: "APIC_ACCESS" };
    const ids = icr.mode === "physical" ? [icr.dest] : yield* avic_hw.logical_targets(vcpu, icr.dest);
    if (ids === undefined) return { exit: "INCOMPLETE_IPI", cause: "INVALID_TARGET" };
    const pages: RegisterPage[] = [];
    for (const id of ids) {
      const page = yield* avic_hw.target_page(vcpu, id);
      if (page === "INVALID_TARGET" || page === "INVALID_BACKING_PAGE") return { exit: "INCOMPLETE_IPI", cause: page };
      pages.push(page);
    }
    for (const page of pages) yield* lapic.kvm_lapic_set_irr(page, icr.vector);
    let all_running = true;
    for (const id of ids) all_running = (yield* avic_hw.ring_doorbell(vcpu, id)) && all_running;
    return all_running ? undefined : { exit: "INCOMPLETE_IPI", cause: "TARGET_NOT_RUNNING" };
  },

  /** The APIC ids that a logical destination leads to; undefined if one of its entries is not valid. */
  *logical_targets(vcpu: Vcpu, dest: number): Task<number[] | undefined> {
    const { DFR } = to_vcpu_svm(vcpu).vmcb.avic_backing_page;
    yield DFR.load;
    const indexes = entries_of_destination(dest, DFR.now);
    if (indexes === undefined) return undefined;
    const ids: number[] = [];
    for (const index of indexes) {
      const entry = table_entry(to_kvm_svm(vcpu.kvm).logical_id_table, index);
      yield entry.load;
      if (!entry.now.valid) return undefined;
      ids.push(entry.now.guest_physical_id);
    }
    return ids;
  },

  *target_page(vcpu: Vcpu, id: number): Task<RegisterPage | "INVALID_TARGET" | "INVALID_BACKING_PAGE"> {
    const { avic_physical_id, avic_physical_max_index } = to_vcpu_svm(vcpu).vmcb;
    if (avic_physical_id === undefined || id > avic_physical_max_index) return "INVALID_TARGET";
    const entry = table_entry(avic_physical_id, id);
    yield entry.load;
    if (!entry.now.valid) return "INVALID_TARGET";
    return entry.now.backing_page ?? "INVALID_BACKING_PAGE";
  },

  /** Tells the target's host CPU to look at the IRR, if the target runs; says whether it does. */
  *ring_doorbell(vcpu: Vcpu, id: number): Task<boolean> {
    const { avic_physical_id } = to_vcpu_svm(vcpu).vmcb;
    if (avic_physical_id === undefined) return false;
    const entry = table_entry(avic_physical_id, id);
    yield entry.load;
    return entry.now.is_running;
  },
});

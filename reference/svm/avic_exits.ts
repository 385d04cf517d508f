/**
 * The exits of AVIC, and how an interrupt that KVM has accepted reaches a vCPU with AVIC. Source:
 * arch/x86/kvm/svm/avic.c, avic_incomplete_ipi_interception and avic_unaccelerated_access_interception;
 * arch/x86/kvm/svm/svm.c, svm_complete_interrupt_delivery.
 */
import { lapic, to_lapic } from "../apic/lapic";
import type { ApicRegister, Icr } from "../apic/x86_ops";
import { vcpus } from "../kvm/vcpus";
import type { Vcpu } from "../kvm/types";
import { wake_up } from "../sync/wait";
import { ops, rule, type Task } from "../task";
import type { AvicExit, IncompleteIpi } from "./avic_hw";
import { avic_logical } from "./avic_logical";
import { entries_of_destination, table_entry, to_kvm_svm } from "./avic_tables";

export const avic_exits = ops("avic_exits", {
  /** After a write of a register: it is in the page already, if AVIC was on. */
  *avic_unaccelerated_access_interception(vcpu: Vcpu, { exit }: AvicExit, register: ApicRegister, value: number): Task<"ok"> {
    if (exit === "UNACCELERATED_ACCESS") {
      if (register === "LDR") yield* avic_logical.avic_handle_ldr_update(vcpu);
      else yield* avic_logical.avic_handle_dfr_update(vcpu);
    }
    return yield* lapic.kvm_lapic_reg_write(vcpu, register, value);
  },

  /** After a write of the ICR; no reason is given if hardware has delivered the IPI. */
  *avic_incomplete_ipi_interception(vcpu: Vcpu, reason: AvicExit | undefined, icr: Icr): Task<"ok"> {
    rule("avic.ipi.once-by-whichever-way");
    if (reason === undefined) return "ok";
    if (reason.exit === "APIC_ACCESS") return yield* lapic.kvm_apic_send_ipi(vcpu.kvm, icr);
    if (reason.exit === "INCOMPLETE_IPI") yield* avic_exits.complete_ipi(vcpu, reason.cause, icr);
    return "ok";
  },

  *complete_ipi(vcpu: Vcpu, cause: IncompleteIpi["cause"], icr: Icr): Task<void> {
    rule("avic.ipi.invalid-target-emulated");
    if (cause === "INVALID_TARGET") yield* lapic.kvm_apic_send_ipi(vcpu.kvm, icr);
    rule("avic.ipi.not-running-only-woken");
    if (cause === "TARGET_NOT_RUNNING") yield* avic_exits.avic_kick_target_vcpus(vcpu, icr);
    // Of an entry without a page KVM only warns: it never writes one.
  },

  /** Hardware has set the IRR of all targets. Those that sleep are woken; the others need nothing. */
  *avic_kick_target_vcpus(vcpu: Vcpu, icr: Icr): Task<void> {
    rule("avic.ipi.every-target-woken");
    const ids = icr.mode === "physical" ? [icr.dest] : yield* avic_exits.logical_targets(vcpu, icr.dest);
    for (const target of yield* vcpus.kvm_for_each_vcpu(vcpu.kvm))
      if (ids.includes(target.vcpu_id)) yield* avic_exits.svm_complete_interrupt_delivery(target);
  },

  /** The APIC ids that a logical destination leads to by now; entries that are not valid any more lead to none. */
  *logical_targets(vcpu: Vcpu, dest: number): Task<number[]> {
    const { DFR } = to_lapic(vcpu).regs;
    yield DFR.load;
    const ids: number[] = [];
    for (const index of entries_of_destination(dest, DFR.now) ?? []) {
      const entry = table_entry(to_kvm_svm(vcpu.kvm).logical_id_table, index);
      yield entry.load;
      if (entry.now.valid) ids.push(entry.now.guest_physical_id);
    }
    return ids;
  },

  *svm_deliver_interrupt(vcpu: Vcpu, vector: number): Task<void> {
    yield* lapic.kvm_lapic_set_irr(to_lapic(vcpu).regs, vector);
    yield* avic_exits.svm_complete_interrupt_delivery(vcpu);
  },

  /**
   * The vCPU's IRR was set: make it notice. In the guest, hardware looks when its doorbell rings,
   * or at the next entry; a sleeping vCPU must be woken. With AVIC off, KVM delivers at the entry.
   */
  *svm_complete_interrupt_delivery(vcpu: Vcpu): Task<void> {
    yield vcpu.mode.load;
    const in_guest = vcpu.mode.now === "IN_GUEST_MODE";
    const { apicv_active } = to_lapic(vcpu);
    yield apicv_active.load;
    if (!apicv_active.now) yield* lapic.notice_by_request(vcpu);
    else if (!in_guest) yield* wake_up(vcpu.wait);
  },
});

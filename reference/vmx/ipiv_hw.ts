/**
 * What the processor does by itself when a guest with APIC virtualization writes its interrupt
 * command register, and the exit that it makes where it cannot. It walks the table with plain
 * loads, whatever KVM is doing to it. Source: Intel SDM volume 3, "IPI Virtualization";
 * arch/x86/kvm/vmx/vmx.c, handle_apic_write.
 */
import { lapic } from "../apic/lapic";
import type { Icr } from "../apic/x86_ops";
import type { GuestAction, Vcpu } from "../kvm/types";
import { load_all, ops, rule, type Task } from "../task";
import { pid_table_entry, to_vcpu_ipiv } from "./ipiv";
import { posted_intr, to_pi_desc } from "./posted_intr";
import { loaded_controls, VmcsField } from "./vmcs";

/** Why the guest was left: before the access was made, or after it. */
export type IpiExit = "none" | "APIC_ACCESS" | "APIC_WRITE";

/** The field in which the hardware leaves the reason of the last exit that an IPI made. */
export function to_exit_reason(vcpu: Vcpu): VmcsField<IpiExit> {
  return vcpu.arch["ipi_exit"] as VmcsField<IpiExit>;
}

export function exit_reason_init(vcpu: Vcpu): void {
  vcpu.arch["ipi_exit"] = new VmcsField<IpiExit>(vcpu.vcpu_id, "EXIT_REASON", "none");
}

export const ipiv_hw = ops("ipiv_hw", {
  /** Delivers the IPI, or says why it cannot. */
  *write_icr(vcpu: Vcpu, icr: Icr): Task<IpiExit> {
    const exit = yield* ipiv_hw.virtualize_ipi(vcpu, icr);
    if (exit === "none") return exit;
    const reason = to_exit_reason(vcpu);
    yield reason.write;
    reason.now = exit;
    return exit;
  },

  *virtualize_ipi(vcpu: Vcpu, { vector, dest, mode }: Icr): Task<IpiExit> {
    const { virt_intr_delivery, ipi_virt, both } = loaded_controls(vcpu);
    yield both;
    if (!virt_intr_delivery.now) return "APIC_ACCESS";
    if (!ipi_virt.now || mode !== "physical") return "APIC_WRITE";
    const { pid_pointer_table, last_pid_pointer_index } = to_vcpu_ipiv(vcpu);
    yield load_all([pid_pointer_table, last_pid_pointer_index]);
    if (pid_pointer_table.now === undefined || dest > last_pid_pointer_index.now) return "APIC_WRITE";
    const entry = pid_table_entry(pid_pointer_table.now, dest);
    yield entry.load;
    if (entry.now?.valid !== true) return "APIC_WRITE";
    const target = entry.now.vcpu;
    const notified = yield* posted_intr.pi_post(to_pi_desc(target), vector);
    if (notified === "wakeup") yield* posted_intr.pi_wakeup_handler(target);
    return "none";
  },

  /** The hardware has told nobody: KVM does. */
  *handle_apic_write(vcpu: Vcpu, exit: IpiExit, icr: Icr): Task<"ok"> {
    rule("ipiv.ipi.undeliverable-emulated");
    return exit === "none" ? "ok" : yield* lapic.kvm_apic_send_ipi(vcpu.kvm, icr);
  },
});

/** The guest writes its ICR. */
export function ipi_action(icr: Icr): GuestAction {
  return {
    in_guest: (vcpu) => ipiv_hw.write_icr(vcpu, icr),
    exit: (vcpu, reason) => ipiv_hw.handle_apic_write(vcpu, reason as IpiExit, icr),
  };
}

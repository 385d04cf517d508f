/**
 * What APICv means to the controls of a VMCS, also while the guest's guest runs. Source:
 * arch/x86/kvm/vmx/vmx.c, vmx_refresh_apicv_exec_ctrl; arch/x86/kvm/vmx/nested.c, nested_vmx_run
 * and nested_vmx_vmexit.
 */
import { to_lapic } from "../apic/lapic";
import type { GuestAction, Vcpu } from "../kvm/types";
import { ops, rule, type Task } from "../task";
import { apic_access_page } from "./apic_access_page";
import { hardware_setup } from "./hardware_setup";
import { to_vmcs, vmcs_write, type Controls } from "./vmcs";

export const apicv_controls = ops("apicv_controls", {
  /** Called by the vCPU's own thread, whenever its `apicv_active` has changed: L2 has nothing to do with that. */
  *vmx_refresh_apicv_exec_ctrl(vcpu: Vcpu): Task<void> {
    const { nested } = to_vmcs(vcpu);
    rule("ipiv.l2.vmcs02-untouched");
    if (nested.guest_mode) {
      nested.update_vmcs01_apicv_status = true;
      return;
    }
    yield* apicv_controls.write_controls(vcpu, to_vmcs(vcpu).vmcs01);
  },

  /** Nobody calls this where the controls are missing. If somebody does, the failing VMWRITE says so. */
  *write_controls(vcpu: Vcpu, { virt_intr_delivery, ipi_virt }: Controls): Task<void> {
    const { apicv_active } = to_lapic(vcpu);
    yield apicv_active.load;
    const active = apicv_active.now;
    rule("ipiv.control.failure-is-reported");
    yield* vmcs_write(virt_intr_delivery, active);
    rule("ipiv.control.follows-apicv");
    if (yield* hardware_setup.enable_ipiv(vcpu.kvm)) yield* vmcs_write(ipi_virt, active);
  },

  /** L1 enters L2: its own VMCS rests. */
  *nested_vmx_run(vcpu: Vcpu): Task<"ok"> {
    to_vmcs(vcpu).nested.guest_mode = true;
    return "ok";
  },

  /** L2 is left for L1, whose VMCS catches up before L1 runs. */
  *nested_vmx_vmexit(vcpu: Vcpu): Task<"ok"> {
    const { nested } = to_vmcs(vcpu);
    nested.guest_mode = false;
    rule("ipiv.l2.vmcs01-catches-up");
    if (nested.update_vmcs01_apicv_status) {
      nested.update_vmcs01_apicv_status = false;
      yield* apicv_controls.vmx_refresh_apicv_exec_ctrl(vcpu);
    }
    yield* apic_access_page.reload_vmcs01(vcpu);
    return "ok";
  },
});

/** L1 launches its guest, which then runs whenever the vCPU does. */
export const ENTER_L2: GuestAction = { exit: (vcpu) => apicv_controls.nested_vmx_run(vcpu) };

/** L2 does something that its hypervisor, L1, has asked to see. */
export const LEAVE_L2: GuestAction = { exit: (vcpu) => apicv_controls.nested_vmx_vmexit(vcpu) };

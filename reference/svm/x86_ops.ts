/** What SVM hands to generic x86 code. Source: arch/x86/kvm/svm/svm.c, svm_x86_ops. */
import { INHIBITS, type X86Ops } from "../apic/x86_ops";
import { avic } from "./avic";
import { avic_exits } from "./avic_exits";
import { avic_hw, type AvicExit } from "./avic_hw";
import { avic_logical } from "./avic_logical";

/** AVIC can do less than APICv, so that every reason there is inhibits it. */
export const svm_x86_ops: X86Ops = {
  required_apicv_inhibits: new Set(INHIBITS),
  refresh_apicv_exec_ctrl: (vcpu) => avic.avic_refresh_apicv_exec_ctrl(vcpu),
  deliver_interrupt: (vcpu, vector) => avic_exits.svm_deliver_interrupt(vcpu, vector),
  apicv_post_state_restore: (vcpu) => avic_logical.avic_apicv_post_state_restore(vcpu),
  send_ipi: (icr) => ({
    in_guest: (vcpu) => avic_hw.write_icr(vcpu, icr),
    exit: (vcpu, reason) => avic_exits.avic_incomplete_ipi_interception(vcpu, reason as AvicExit | undefined, icr),
  }),
  apic_write: (register, value) => ({
    in_guest: (vcpu) => avic_hw.write_register(vcpu, register, value),
    exit: (vcpu, reason) => avic_exits.avic_unaccelerated_access_interception(vcpu, reason as AvicExit, register, value),
  }),
};

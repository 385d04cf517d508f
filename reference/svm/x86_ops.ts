/** What SVM hands to generic x86 code. Source: arch/x86/kvm/svm/svm.c, svm_x86_ops. */
import { INHIBITS, type X86Ops } from "../apic/x86_ops";
import type { Config } from "../kvm/types";
import { avic } from "./avic";
import { avic_exits } from "./avic_exits";
import { avic_hw, type AvicExit } from "./avic_hw";
import { avic_logical } from "./avic_logical";

/** AVIC can do less than APICv, so that every reason there is inhibits it. */
const svm_x86_ops: X86Ops = {
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

/** As svm_hardware_setup leaves them: AVIC without x2AVIC posts to vCPUs in x2APIC mode, and cannot do more for them. */
export function svm_ops_of({ x2avic }: Config): X86Ops {
  return { ...svm_x86_ops, gives_page_up_for_x2apic: !x2avic };
}

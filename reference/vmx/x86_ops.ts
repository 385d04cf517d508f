/** What VMX hands to generic x86 code. Source: arch/x86/kvm/vmx/main.c, vt_x86_ops. */
import type { X86Ops } from "../apic/x86_ops";
import type { Config } from "../kvm/types";
import { apic_access_page } from "./apic_access_page";
import { apicv_controls } from "./apicv_controls";
import { ipi_action } from "./ipiv_hw";
import { posted_intr } from "./posted_intr";

const vmx_x86_ops: X86Ops = {
  required_apicv_inhibits: new Set([
    "DISABLE",
    "HYPERV",
    "ABSENT",
    "BLOCKIRQ",
    "PHYSICAL_ID_ALIASED",
    "APIC_ID_MODIFIED",
    "APIC_BASE_MODIFIED",
  ]),
  refresh_apicv_exec_ctrl: (vcpu) => apicv_controls.vmx_refresh_apicv_exec_ctrl(vcpu),
  deliver_interrupt: (vcpu, vector) => posted_intr.vmx_deliver_interrupt(vcpu, vector),
  send_ipi: ipi_action,
};

/** As hardware_setup leaves them: without APICv nothing is posted, and without APIC accesses virtualized there is no address to be told. */
export function vmx_ops_of({ flexpriority, enable_apicv }: Config): X86Ops {
  return {
    ...vmx_x86_ops,
    ...(flexpriority && { set_apic_access_page_addr: (vcpu) => apic_access_page.vmx_set_apic_access_page_addr(vcpu) }),
    set_virtual_apic_mode: (vcpu, mode) => apic_access_page.vmx_set_virtual_apic_mode(vcpu, mode),
    ...(enable_apicv && { sync_pir_to_irr: (vcpu) => posted_intr.vmx_sync_pir_to_irr(vcpu) }),
  };
}

/** What VMX hands to generic x86 code. Source: arch/x86/kvm/vmx/main.c, vt_x86_ops. */
import type { X86Ops } from "../apic/x86_ops";
import type { Config } from "../kvm/types";
import { apic_access_page } from "./apic_access_page";
import { ipiv } from "./ipiv";

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
  refresh_apicv_exec_ctrl: (vcpu) => ipiv.vmx_refresh_apicv_exec_ctrl(vcpu),
};

/** As hardware_setup leaves them: a processor that virtualizes no APIC accesses has no address to be told. */
export function vmx_ops_of({ flexpriority }: Config): X86Ops {
  return flexpriority
    ? { ...vmx_x86_ops, set_apic_access_page_addr: (vcpu) => apic_access_page.vmx_set_apic_access_page_addr(vcpu) }
    : vmx_x86_ops;
}

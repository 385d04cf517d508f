/** What VMX hands to generic x86 code. Source: arch/x86/kvm/vmx/main.c, vt_x86_ops. */
import type { X86Ops } from "../apic/x86_ops";

export const vmx_x86_ops: X86Ops = {
  required_apicv_inhibits: new Set([
    "DISABLE",
    "HYPERV",
    "ABSENT",
    "BLOCKIRQ",
    "PHYSICAL_ID_ALIASED",
    "APIC_ID_MODIFIED",
    "APIC_BASE_MODIFIED",
  ]),
};

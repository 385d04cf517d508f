/** What is peculiar to Intel: the VMCS, posted interrupts and IPI virtualization. */
import { kvm_ops_update } from "../apic/x86_ops";
import type { Chapter } from "../kvm/types";
import { apic_access_page } from "./apic_access_page";
import { ipiv, vm_ipiv_init } from "./ipiv";
import { exit_reason_init } from "./ipiv_hw";
import { pi_desc_init, posted_intr } from "./posted_intr";
import { vmcs_init } from "./vmcs";
import { vmx_ops_of } from "./x86_ops";

export const vmx_chapter: Chapter = {
  name: "vmx",
  vm_init(kvm) {
    kvm_ops_update(kvm, vmx_ops_of(kvm.config));
    vm_ipiv_init(kvm);
  },
  vm_destroy: (kvm) => ipiv.vmx_vm_destroy(kvm),
  vcpu_precreate: (kvm) => ipiv.vmx_vcpu_precreate(kvm),
  *vcpu_create(vcpu) {
    vmcs_init(vcpu);
    pi_desc_init(vcpu);
    exit_reason_init(vcpu);
    const result = yield* apic_access_page.vmx_vcpu_create(vcpu);
    return result === "ok" ? yield* ipiv.vmx_vcpu_create(vcpu) : result;
  },
  vcpu_destroy: (vcpu) => ipiv.vmx_vcpu_free(vcpu),
  vcpu_load: (vcpu) => posted_intr.vmx_vcpu_pi_load(vcpu),
  vcpu_put: (vcpu) => posted_intr.vmx_vcpu_pi_put(vcpu),
  vcpu_enter: (vcpu) => posted_intr.vmx_vcpu_enter(vcpu),
};

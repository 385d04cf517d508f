/** What is peculiar to Intel: the VMCS and IPI virtualization. */
import { kvm_ops_update } from "../apic/x86_ops";
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";
import { ipiv, ipiv_reads, vm_ipiv_init } from "./ipiv";
import { vmx_x86_ops } from "./x86_ops";

export const vmx_chapter: Chapter = {
  name: "vmx",
  vm_init(kvm) {
    kvm_ops_update(kvm, vmx_x86_ops);
    vm_ipiv_init(kvm);
  },
  vcpu_precreate: (kvm) => ipiv.vmx_alloc_ipiv_pid_table(kvm),
  vcpu_create: (vcpu) => ipiv.vmx_vcpu_create(vcpu),
};

export const vmx_api: Api = {
  features: ["ipiv"],
  events: ["ipiv.pid_table.allocated", "vcpu.*.vmcs.*.written"],
  calls: {},
  reads: ipiv_reads,
};

/** What is peculiar to Intel: the VMCS and IPI virtualization. */
import { kvm_ops_update } from "../apic/x86_ops";
import { vcpu_fd, type Api } from "../kvm/api";
import { run } from "../kvm/run";
import type { Chapter } from "../kvm/types";
import { access_page_reads, apic_access_page, APIC_READ } from "./apic_access_page";
import { ipiv, ipiv_reads, vm_ipiv_init } from "./ipiv";
import { vmx_ops_of } from "./x86_ops";

export const vmx_chapter: Chapter = {
  name: "vmx",
  vm_init(kvm) {
    kvm_ops_update(kvm, vmx_ops_of(kvm.config));
    vm_ipiv_init(kvm);
  },
  vcpu_precreate: (kvm) => ipiv.vmx_vcpu_precreate(kvm),
  // The table's entry comes last: what fails before it leaves nothing that leads to a vCPU that is no more.
  *vcpu_create(vcpu) {
    const result = yield* apic_access_page.vmx_vcpu_create(vcpu);
    return result === "ok" ? yield* ipiv.vmx_vcpu_create(vcpu) : result;
  },
};

export const vmx_api: Api = {
  features: ["ipiv"],
  events: ["ipiv.pid_table.allocated", "vcpu.*.vmcs.*.written"],
  calls: { "guest.apic_read": (kvm, { vcpu }) => run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), APIC_READ) },
  reads: { ...ipiv_reads, ...access_page_reads },
};

/** Hyper-V enlightenments: SynIC. */
import { per_vcpu, per_vm, u64, vcpu_fd, type Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";
import { vcpu_ioctl } from "../kvm/vcpu_ioctl";
import { hv_init, MSR, SINTS, synic, to_hv, to_synic } from "./synic";

function is_synic(index: number): boolean {
  return (index >= MSR.SCONTROL && index <= MSR.EOM) || (index >= MSR.SINT0 && index < MSR.SINT0 + SINTS);
}

export const hyperv_chapter: Chapter = {
  name: "hyperv",
  vm_init: hv_init,
  *vcpu_create(vcpu) {
    yield* synic.synic_init(vcpu);
    return "ok";
  },
  *given(kvm, { synic: ids = [] }) {
    for (const id of ids) {
      const vcpu = vcpu_fd(kvm, id);
      const made = yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, () => synic.kvm_hv_enable_synic(vcpu));
      if (made !== "ok") throw new Error(`vCPU ${id} cannot have SynIC: ${made}`);
    }
  },
  set_msr: (vcpu, index, data, host) => (is_synic(index) ? synic.synic_set_msr(vcpu, index, data, host) : undefined),
  get_msr: (vcpu, index, host) => (is_synic(index) ? synic.synic_get_msr(vcpu, index, host) : undefined),
};

export const hyperv_api: Api = {
  features: ["hyperv.synic"],
  calls: {
    "vcpu.enable_cap": (kvm, args) => {
      const vcpu = vcpu_fd(kvm, args["vcpu"]);
      const reserved = args["cap"] === "HYPERV_SYNIC2" ? u64(args["value"] ?? 0) : 0n;
      return vcpu_ioctl.kvm_vcpu_ioctl(vcpu, () => synic.kvm_hv_enable_synic(vcpu, reserved));
    },
  },
  reads: {
    "synic.auto_eoi_vcpus": per_vm((kvm) => to_hv(kvm).synic_auto_eoi_used),
    "vcpu.*.synic.vectors": per_vcpu((vcpu) => [...to_synic(vcpu).own.vectors].sort((a, b) => a - b)),
    "vcpu.*.synic.auto_eoi": per_vcpu((vcpu) => [...to_synic(vcpu).own.auto_eoi].sort((a, b) => a - b)),
  },
};

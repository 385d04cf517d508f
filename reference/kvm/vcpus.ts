/** The vCPUs of a VM, as everybody but their creator sees them. Source: include/linux/kvm_host.h, kvm_for_each_vcpu. */
import { load_all, ops, rule, type Task } from "../task";
import type { Kvm, Vcpu } from "./types";

export const vcpus = ops("vcpus", {
  /** The vCPUs that can be found: those below the count, in order of publication. */
  *kvm_for_each_vcpu(kvm: Kvm): Task<Vcpu[]> {
    rule("vcpuid.create.walked-by-online");
    yield kvm.online_vcpus.load;
    const found = kvm.vcpu_array.slice(0, kvm.online_vcpus.now);
    if (found.length > 0) yield load_all(found, `vm.vcpus.walked.${found.length}`);
    return found.flatMap((slot) => slot.now ?? []);
  },
});

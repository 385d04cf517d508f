/** KVM_ENABLE_CAP on the VM: the limit on vCPU ids. Source: arch/x86/kvm/x86.c, kvm_vm_ioctl_enable_cap. */
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { ops, rule, type Task } from "../task";
import type { Kvm, Result } from "./types";

export const capabilities = ops("capabilities", {
  /** KVM_CAP_MAX_VCPU_ID: `value` becomes the limit, once. */
  *enable_max_vcpu_id(kvm: Kvm, value: bigint, flags: bigint): Task<Result> {
    if (flags !== 0n) return "EINVAL";
    if (value > BigInt(kvm.config.max_vcpu_id)) return "EINVAL";

    yield* mutex_lock(kvm.kvm_lock);
    const result = yield* capabilities.latch_max_vcpu_id(kvm, Number(value));
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },

  /** An equal value is accepted again, whoever set the first; 0 sets nothing while nothing is set. */
  *latch_max_vcpu_id({ locked }: Kvm, value: number): Task<Result> {
    rule("vcpuid.limit.write-once");
    if (locked.max_vcpu_ids === value) return "ok";
    if (locked.max_vcpu_ids !== 0 || locked.bsp_vcpu_id > value) return "EINVAL";
    locked.max_vcpu_ids = value;
    return "ok";
  },
});

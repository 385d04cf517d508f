/**
 * Capabilities of the VM: what KVM_CHECK_EXTENSION says, and what KVM_ENABLE_CAP sets. Source:
 * arch/x86/kvm/x86.c, kvm_vm_ioctl_check_extension and kvm_vm_ioctl_enable_cap.
 */
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { ops, rule, type Task } from "../task";
import { irqchip } from "./irqchip";
import type { Kvm, Result } from "./types";

/** The capabilities that can be enabled here. */
export type Cap = "MAX_VCPU_ID" | "SPLIT_IRQCHIP";

export const capabilities = ops("capabilities", {
  /** KVM_CAP_MAX_VCPU_ID: what this KVM can do at most, whatever the VM has chosen for itself. */
  *kvm_vm_ioctl_check_extension({ config }: Kvm): Task<number> {
    rule("vcpuid.limit.ceiling-reported");
    return config.max_vcpu_id;
  },

  *kvm_vm_ioctl_enable_cap(kvm: Kvm, cap: Cap, value: bigint, flags: bigint): Task<Result> {
    rule("vcpuid.limit.flags-refused");
    if (flags !== 0n) return "EINVAL";
    switch (cap) {
      case "MAX_VCPU_ID":
        return yield* capabilities.enable_max_vcpu_id(kvm, value);
      case "SPLIT_IRQCHIP":
        return yield* irqchip.enable_split_irqchip(kvm);
    }
  },

  /** `value` becomes the limit, once. The first vCPU sets it under the same lock, so one of the two is first. */
  *enable_max_vcpu_id(kvm: Kvm, value: bigint): Task<Result> {
    rule("vcpuid.limit.at-most-the-ceiling");
    if (value > BigInt(kvm.config.max_vcpu_id)) return "EINVAL";

    rule("vcpuid.limit.one-winner");
    yield* mutex_lock(kvm.kvm_lock);
    const result = yield* capabilities.latch_max_vcpu_id(kvm, Number(value));
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },

  /** An equal value is accepted again, whoever set the first; 0 sets nothing while nothing is set. */
  *latch_max_vcpu_id({ locked, limit }: Kvm, value: number): Task<Result> {
    rule("vcpuid.limit.not-below-boot-id");
    if (locked.bsp_vcpu_id > value) return "EINVAL";
    rule("vcpuid.limit.write-once");
    rule("vcpuid.limit.zero-sets-nothing");
    yield limit.max_vcpu_ids.load;
    if (limit.max_vcpu_ids.now === value) return "ok";
    if (limit.max_vcpu_ids.now !== 0) return "EINVAL";
    yield limit.set;
    limit.max_vcpu_ids.now = value;
    return "ok";
  },
});

/** Which vCPU boots the guest. Source: arch/x86/kvm/x86.c, KVM_SET_BOOT_CPU_ID in kvm_arch_vm_ioctl. */
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { ops, rule, type Task } from "../task";
import type { Kvm, Result } from "./types";

export const boot_cpu = ops("boot_cpu", {
  /** `id` is the ioctl's whole 64-bit argument. */
  *kvm_vm_ioctl_set_boot_cpu_id(kvm: Kvm, id: bigint): Task<Result> {
    yield* mutex_lock(kvm.kvm_lock);
    const result = yield* boot_cpu.choose(kvm, id);
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },

  /** An id equal to the limit is accepted, although no vCPU can have it: upstream compares with `>`. */
  *choose({ locked, limit, config }: Kvm, id: bigint): Task<Result> {
    rule("vcpuid.boot.before-vcpus");
    if (locked.created_vcpus > 0) return "EBUSY";
    rule("vcpuid.boot.within-limit");
    yield limit.max_vcpu_ids.load;
    const highest = limit.max_vcpu_ids.now === 0 ? config.max_vcpu_id : limit.max_vcpu_ids.now;
    if (id > BigInt(highest)) return "EINVAL";
    locked.bsp_vcpu_id = Number(id);
    return "ok";
  },
});

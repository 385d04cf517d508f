/**
 * Who has the interrupt controllers: chosen once, before the first vCPU. Source: arch/x86/kvm/x86.c,
 * KVM_CREATE_IRQCHIP in kvm_arch_vm_ioctl and KVM_CAP_SPLIT_IRQCHIP in kvm_vm_ioctl_enable_cap.
 */
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { ops, rule, type Task } from "../task";
import type { IrqchipMode, Kvm, Result } from "./types";

export const irqchip = ops("irqchip", {
  /** KVM_CREATE_IRQCHIP: all of them in the kernel. */
  *kvm_vm_ioctl_create_irqchip(kvm: Kvm): Task<Result> {
    yield* mutex_lock(kvm.kvm_lock);
    const result = yield* irqchip.choose(kvm, "kernel", "EINVAL");
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },

  /** KVM_CAP_SPLIT_IRQCHIP: the local APICs in the kernel, the rest in the VMM. */
  *enable_split_irqchip(kvm: Kvm): Task<Result> {
    yield* mutex_lock(kvm.kvm_lock);
    const result = yield* irqchip.choose(kvm, "split", "EEXIST");
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },

  /** What exists when a vCPU is built stays: `too_late` is the answer once a vCPU was created. */
  *choose(kvm: Kvm, mode: IrqchipMode, too_late: Result): Task<Result> {
    yield kvm.irqchip_mode.load;
    if (kvm.irqchip_mode.now !== "none") return "EEXIST";
    rule("vcpuid.irqchip.before-vcpus");
    if (kvm.locked.created_vcpus > 0) return too_late;
    for (const chapter of kvm.chapters) if (chapter.irqchip_create) yield* chapter.irqchip_create(kvm);
    yield kvm.irqchip_mode.store;
    kvm.irqchip_mode.now = mode;
    for (const chapter of kvm.chapters) if (chapter.irqchip_created) yield* chapter.irqchip_created(kvm);
    return "ok";
  },
});

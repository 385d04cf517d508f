/**
 * The in-kernel timer, which counts on seeing the guest's EOIs when it is to repeat missed ticks:
 * AVIC does not show them. Source: arch/x86/kvm/i8254.c, kvm_pit_set_reinject.
 */
import type { Kvm, Result } from "../kvm/types";
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { guarded, ops, type Task } from "../task";
import { apicv } from "./apicv";

/** Guarded by kvm_lock. */
interface Pit {
  exists: boolean;
}

function to_pit(kvm: Kvm): Pit {
  return kvm.arch["pit"] as Pit;
}

export function pit_init(kvm: Kvm): void {
  kvm.arch["pit"] = guarded(kvm.kvm_lock, { exists: false });
}

export const i8254 = ops("i8254", {
  /** KVM_CREATE_PIT2: a new timer repeats missed ticks. */
  *kvm_vm_ioctl_create_pit2(kvm: Kvm): Task<Result> {
    yield* mutex_lock(kvm.kvm_lock);
    const pit = to_pit(kvm);
    const result = pit.exists ? "EEXIST" : "ok";
    if (!pit.exists) {
      yield* apicv.kvm_set_or_clear_apicv_inhibit(kvm, "PIT_REINJ", true);
      pit.exists = true;
    }
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },
});

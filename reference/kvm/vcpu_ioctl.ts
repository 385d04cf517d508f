/** What every vCPU ioctl has around it. Source: virt/kvm/kvm_main.c, kvm_vcpu_ioctl. */
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { ops, rule, type Task } from "../task";
import { sched } from "./sched";
import type { Vcpu } from "./types";

export const vcpu_ioctl = ops("vcpu_ioctl", {
  /** `body` runs with the vCPU's mutex held and the vCPU loaded, and in no SRCU section. */
  *kvm_vcpu_ioctl<T>(vcpu: Vcpu, body: () => Task<T>): Task<T> {
    rule("lock.srcu.no-vcpu-mutex-inside");
    rule("avic.running.follows-scheduling");
    yield* mutex_lock(vcpu.mutex);
    yield* sched.vcpu_load(vcpu);
    const result = yield* body();
    yield* sched.vcpu_put(vcpu);
    yield* mutex_unlock(vcpu.mutex);
    return result;
  },
});

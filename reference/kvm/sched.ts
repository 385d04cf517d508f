/**
 * Loading a vCPU onto its thread's CPU and taking it off, and what the scheduler calls when it
 * preempts that thread in between. Source: virt/kvm/kvm_main.c, vcpu_load, kvm_sched_out.
 */
import { spin_lock_irqsave, spin_unlock_irqrestore } from "../sync/spinlock";
import { ops, running, type Task } from "../task";
import type { Vcpu } from "./types";

/** The vCPU that the running thread has loaded. */
function loaded(): Vcpu | undefined {
  return running().stack.current as Vcpu | undefined;
}

export const sched = ops("sched", {
  *vcpu_load(vcpu: Vcpu): Task<void> {
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_load) yield* chapter.vcpu_load(vcpu);
    running().stack.current = vcpu;
  },

  *vcpu_put(vcpu: Vcpu): Task<void> {
    running().stack.current = undefined;
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_put) yield* chapter.vcpu_put(vcpu, false);
  },

  /**
   * The running thread is preempted and comes back. Runs on that thread's own stack: nothing that
   * is called from here may sleep, or wait for a lock that a preempted thread can hold. Does
   * nothing unless the thread is between vcpu_load and vcpu_put.
   */
  *preempt(): Task<"ok"> {
    const vcpu = loaded();
    if (vcpu === undefined) return "ok";
    yield* spin_lock_irqsave(vcpu.kvm.rq_lock);
    yield* sched.kvm_sched_out(vcpu);
    yield* spin_unlock_irqrestore(vcpu.kvm.rq_lock);
    yield* sched.kvm_sched_in(vcpu);
    return "ok";
  },

  *kvm_sched_out(vcpu: Vcpu): Task<void> {
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_put) yield* chapter.vcpu_put(vcpu, true);
  },

  *kvm_sched_in(vcpu: Vcpu): Task<void> {
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_load) yield* chapter.vcpu_load(vcpu);
  },
});

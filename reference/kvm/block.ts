/**
 * A halted vCPU: its thread sleeps until there is something to run for. Source:
 * virt/kvm/kvm_main.c, kvm_vcpu_block; arch/x86/kvm/x86.c, vcpu_block.
 */
import { preempt_disable, preempt_enable } from "../sync/context";
import { finish_wait, prepare_to_wait, schedule } from "../sync/wait";
import { ops, rule, type Task } from "../task";
import { run } from "./run";
import { sched } from "./sched";
import type { Vcpu } from "./types";

export const block = ops("block", {
  /** The exit handler of HLT. The vCPU's read section is left for as long as the thread may sleep. */
  *vcpu_block(vcpu: Vcpu): Task<"ok"> {
    rule("lock.srcu.no-section-while-blocked");
    rule("lock.block.looks-again");
    while (!(yield* block.kvm_arch_vcpu_runnable(vcpu))) {
      yield* run.kvm_vcpu_srcu_read_unlock(vcpu);
      yield* block.kvm_vcpu_block(vcpu);
      yield* run.kvm_vcpu_srcu_read_lock(vcpu);
    }
    return "ok";
  },

  /**
   * Goes on the wait queue, looks for something to run for, and only then sleeps. Preemption stays
   * off until the thread is on the queue: who is switched out after that knows that it blocks.
   */
  *kvm_vcpu_block(vcpu: Vcpu): Task<void> {
    preempt_disable();
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_blocking) yield* chapter.vcpu_blocking(vcpu);
    let waiter = yield* prepare_to_wait(vcpu.wait);
    yield vcpu.blocking.store;
    vcpu.blocking.now = true;
    rule("lock.atomic.nothing-sleeps");
    rule("avic.running.not-while-blocking");
    preempt_enable();
    rule("avic.running.irr-looked-at-last");
    rule("lock.block.looks-again");
    while (!(yield* block.kvm_arch_vcpu_runnable(vcpu))) {
      rule("ipiv.posted.wakes-the-sleeper");
      yield* sched.vcpu_put(vcpu);
      yield* schedule(vcpu.wait, waiter);
      yield* sched.vcpu_load(vcpu);
      waiter = yield* prepare_to_wait(vcpu.wait, waiter);
    }
    rule("avic.running.follows-scheduling");
    preempt_disable();
    yield* finish_wait(vcpu.wait, waiter);
    yield vcpu.blocking.store;
    vcpu.blocking.now = false;
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_unblocking) yield* chapter.vcpu_unblocking(vcpu);
    preempt_enable();
  },

  /** Asked by the vCPU's own thread, and by what preempts it. */
  *kvm_vcpu_is_blocking({ blocking }: Vcpu): Task<boolean> {
    yield blocking.load;
    return blocking.now;
  },

  *kvm_arch_vcpu_runnable(vcpu: Vcpu): Task<boolean> {
    for (const chapter of vcpu.kvm.chapters) if (chapter.has_events && (yield* chapter.has_events(vcpu))) return true;
    return false;
  },
});

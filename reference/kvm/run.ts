/**
 * KVM_RUN: from the ioctl to the guest and back. Source: arch/x86/kvm/x86.c, vcpu_run and
 * vcpu_enter_guest.
 */
import { preempt_disable, preempt_enable } from "../sync/context";
import { local_irq_disable, local_irq_enable } from "../sync/ipi";
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { until_newer } from "../sync/retry";
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { ops, report, rule, versions, type Task } from "../task";
import { mmu } from "./mmu";
import { request_pending, requests } from "./requests";
import { sched } from "./sched";
import { REQUESTS, RETRY_INSTRUCTION, type GuestAction, type Mode, type Retry, type Vcpu } from "./types";

/** Given back by an entry that was cancelled before the guest ran. */
const CANCELLED = Symbol("cancelled");

export const run = ops("run", {
  /** The KVM_RUN ioctl with one guest action: returns when it is done and the vCPU is out again. */
  *kvm_vcpu_ioctl_run(vcpu: Vcpu, action: GuestAction): Task<unknown> {
    rule("lock.srcu.no-vcpu-mutex-inside");
    rule("avic.running.follows-scheduling");
    yield* mutex_lock(vcpu.mutex);
    yield* sched.vcpu_load(vcpu);
    yield* run.kvm_vcpu_srcu_read_lock(vcpu);
    const result = yield* run.vcpu_run(vcpu, action);
    yield* run.kvm_vcpu_srcu_read_unlock(vcpu);
    yield* sched.vcpu_put(vcpu);
    yield* mutex_unlock(vcpu.mutex);
    return result;
  },

  *vcpu_run(vcpu: Vcpu, action: GuestAction): Task<unknown> {
    rule("apicpg.reload.stalled-vcpu-serves-others");
    rule("xencfg.vcpu-info.latched-until-registered");
    rule("xenev.block.shadow-is-work");
    for (;;) {
      vcpu.run.retry = undefined as Retry | undefined;
      const exit = yield* run.vcpu_enter_guest(vcpu, action);
      let result: unknown = exit === CANCELLED ? RETRY_INSTRUCTION : "ok";
      if (exit !== CANCELLED && action.exit) result = yield* action.exit(vcpu, exit);
      for (const chapter of vcpu.kvm.chapters) if (chapter.inject_pending_events) yield* chapter.inject_pending_events(vcpu);
      if (result !== RETRY_INSTRUCTION) return result;
      // A round that only re-posted its own request can do nothing better than to come again
      // when what it waits for has moved, or when somebody else asks for something.
      const { retry, seen } = vcpu.run;
      if (retry !== undefined) yield* until_newer([...retry.cells, ...vcpu.foreign_requests], [...retry.since, ...seen]);
    }
  },

  /** One attempt to enter the guest: serve requests, publish the mode, look once more, go. */
  *vcpu_enter_guest(vcpu: Vcpu, action: GuestAction): Task<unknown> {
    yield vcpu.any_request;
    vcpu.run.seen = versions(vcpu.foreign_requests);
    if (request_pending(vcpu)) yield* run.serve_requests(vcpu);

    rule("lock.atomic.nothing-sleeps");
    preempt_disable();
    yield* local_irq_disable(vcpu.pcpu);
    const enters = yield* run.publish_and_look(vcpu);
    let exit: unknown = CANCELLED;
    if (enters) exit = yield* run.guest(vcpu, action);
    rule("lock.kick.outside-once-out");
    yield vcpu.mode.store;
    vcpu.mode.now = "OUTSIDE_GUEST_MODE";
    yield* local_irq_enable(vcpu.pcpu);
    preempt_enable();
    yield* run.kvm_vcpu_srcu_read_lock(vcpu);
    return exit;
  },

  /**
   * Publishes that the vCPU is about to be in the guest, and only then looks whether anybody has
   * asked for something. A requester sets its bit and then reads the mode: so one sees the other.
   */
  *publish_and_look(vcpu: Vcpu): Task<boolean> {
    rule("lock.kick.publish-before-look");
    yield vcpu.mode.store;
    vcpu.mode.now = "IN_GUEST_MODE" as Mode;
    yield* run.kvm_vcpu_srcu_read_unlock(vcpu);
    yield vcpu.mode.load;
    const kicked = vcpu.mode.now === "EXITING_GUEST_MODE";
    rule("apicpg.reload.pending-blocks-entry");
    rule("lock.kick.enters-unless-asked");
    yield vcpu.any_request;
    return !kicked && !request_pending(vcpu);
  },

  /** In the guest, until the exit that the action causes. */
  *guest(vcpu: Vcpu, action: GuestAction): Task<unknown> {
    rule("ipiv.posted.seen-at-entry");
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_enter) yield* chapter.vcpu_enter(vcpu);
    yield vcpu.enter;
    vcpu.in_guest.now = true;
    const qualification = action.in_guest === undefined ? undefined : yield* action.in_guest(vcpu);
    yield vcpu.in_guest.store;
    vcpu.in_guest.now = false;
    return qualification;
  },

  *serve_requests(vcpu: Vcpu): Task<void> {
    rule("apicpg.requests.served-in-order");
    for (const name of REQUESTS) {
      if (!(yield* requests.kvm_check_request(vcpu, name))) continue;
      if (name === "TLB_FLUSH" || name === "TLB_FLUSH_CURRENT") yield* mmu.kvm_vcpu_flush_tlb(vcpu);
      for (const chapter of vcpu.kvm.chapters) {
        const serve = chapter.requests?.[name];
        if (serve) yield* serve(vcpu);
      }
    }
  },

  /** The one read section of a vCPU thread; it is left across guest mode and blocking. */
  *kvm_vcpu_srcu_read_lock(vcpu: Vcpu): Task<void> {
    rule("lock.srcu.one-section-per-vcpu");
    vcpu.run.srcu = yield* srcu_read_lock(vcpu.kvm.kvm_srcu);
  },

  *kvm_vcpu_srcu_read_unlock(vcpu: Vcpu): Task<void> {
    rule("lock.srcu.one-section-per-vcpu");
    const { srcu } = vcpu.run;
    if (srcu === undefined)
      return report("lock-order", `vCPU ${vcpu.vcpu_id} leaves a read section that it is not in`, "lock.srcu.one-section-per-vcpu");
    vcpu.run.srcu = undefined;
    yield* srcu_read_unlock(vcpu.kvm.kvm_srcu, srcu);
  },
});

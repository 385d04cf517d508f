/**
 * The runstate of a Xen vCPU: how long it ran, could have run, was blocked and was offline, and the
 * copy of it in guest memory. Source: arch/x86/kvm/xen.c, kvm_xen_update_runstate.
 */
import { lockdep_assert_held } from "../sync/lockdep";
import { irq_restore, irq_save } from "../sync/context";
import { read_lock_irqsave, read_trylock, read_unlock_irqrestore } from "../sync/rwlock";
import { ops, rule, type Task } from "../task";
import { pfncache } from "../kvm/pfncache";
import type { Vcpu } from "../kvm/types";
import { runstate_at, XEN_RUNSTATE_UPDATE, type RunstateArea } from "./layout";
import { RUNSTATE_OFFLINE, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING, to_kvm_xen, to_vcpu_xen } from "./state";

export const runstate = ops("runstate", {
  /** The time since the last change goes to the state that was left; then the guest is told, if it can be. */
  *kvm_xen_update_runstate(vcpu: Vcpu, state: number): Task<void> {
    const { runstate: kept, runstate_cache } = to_vcpu_xen(vcpu);
    lockdep_assert_held(vcpu.mutex);
    yield vcpu.kvm.clock.load;
    const now = vcpu.kvm.clock.now;
    rule("xenrs.times.first-is-offline");
    if (kept.entry_time === 0n) kept.current = RUNSTATE_OFFLINE;
    rule("xenrs.times.to-the-state-left");
    rule("xenrs.times.advance-unseen");
    const elapsed = now - kept.entry_time;
    kept.times = kept.times.map((time, i) => (i === kept.current ? time + elapsed : time));
    Object.assign(kept, { current: state, entry_time: now });
    yield runstate_cache.gpa.load;
    if (runstate_cache.gpa.now === undefined) return;
    yield* runstate.kvm_xen_update_runstate_guest(vcpu, state === RUNSTATE_RUNNABLE);
  },

  /**
   * Copies the runstate into guest memory. In atomic context, that is while the thread is being
   * preempted, the copy is given up where it would have to wait: the next one is as good.
   */
  *kvm_xen_update_runstate_guest(vcpu: Vcpu, atomic: boolean): Task<void> {
    const { runstate_cache: gpc } = to_vcpu_xen(vcpu);
    rule("xenrs.sched-out.never-sleeps");
    rule("lock.spin.nothing-sleeps-inside");
    if (!(yield* runstate.lock_guest_copy(vcpu, atomic))) return;
    rule("xenrs.copy.made-good-if-it-may-sleep");
    while (!(yield* pfncache.kvm_gpc_check(gpc))) {
      yield* read_unlock_irqrestore(gpc.lock);
      if (atomic || (yield* pfncache.kvm_gpc_refresh(gpc)) !== "ok") return;
      yield* read_lock_irqsave(gpc.lock);
    }
    yield* runstate.write_guest_copy(vcpu);
    yield* read_unlock_irqrestore(gpc.lock);
  },

  /** Takes the cache's lock with interrupts off; in atomic context only if nobody has to be waited for. */
  *lock_guest_copy(vcpu: Vcpu, atomic: boolean): Task<boolean> {
    const { runstate_cache: gpc } = to_vcpu_xen(vcpu);
    rule("lock.rq.no-gpc-wait-inside");
    rule("xenrs.copy.made-good-if-it-may-sleep");
    rule("xenrs.state.preempted-is-runnable");
    if (!atomic) {
      yield* read_lock_irqsave(gpc.lock);
      return true;
    }
    irq_save();
    if (yield* read_trylock(gpc.lock)) return true;
    irq_restore();
    return false;
  },

  /** With the cache checked and its lock held: the flag, then the data, then the flag again. */
  *write_guest_copy(vcpu: Vcpu): Task<void> {
    const { runstate_cache: gpc } = to_vcpu_xen(vcpu);
    const { long_mode, runstate_update_flag } = to_kvm_xen(vcpu.kvm);
    yield long_mode.load;
    const layout = long_mode.now;
    yield gpc.gpa.load;
    const area = runstate_at(vcpu.kvm, gpc.gpa.now ?? 0n, layout, vcpu.vcpu_id);
    yield runstate_update_flag.load;
    rule("xenrs.flag.around-the-data");
    if (!runstate_update_flag.now) return yield* runstate.write_data(vcpu, area, 0n);
    yield area.set_flag;
    area.flag.write(gpc.state.pfn, XEN_RUNSTATE_UPDATE);
    yield* runstate.write_data(vcpu, area, XEN_RUNSTATE_UPDATE);
    yield area.clear_flag;
    area.flag.write(gpc.state.pfn, 0n);
  },

  /** State, entry time and times; the flag keeps the value given. */
  *write_data(vcpu: Vcpu, area: RunstateArea, flag: bigint): Task<void> {
    const { runstate_cache: gpc, runstate: kept } = to_vcpu_xen(vcpu);
    yield area.store_state;
    area.state.write(gpc.state.pfn, BigInt(kept.current));
    yield area.store_entry;
    area.entry_time.write(gpc.state.pfn, kept.entry_time);
    area.flag.write(gpc.state.pfn, flag);
    for (const [i, time] of area.times.entries()) {
      yield area.store_times[i] ?? time.store;
      time.write(gpc.state.pfn, kept.times[i] ?? 0n);
    }
  },

  /** The thread of a running vCPU was preempted; it stays ready to run. */
  *kvm_xen_runstate_set_preempted(vcpu: Vcpu): Task<void> {
    rule("xenrs.state.preempted-is-runnable");
    yield* runstate.kvm_xen_update_runstate(vcpu, RUNSTATE_RUNNABLE);
  },

  /** The vCPU is about to enter the guest, for the first time since its thread was loaded. */
  *kvm_xen_runstate_set_running(vcpu: Vcpu): Task<void> {
    yield* runstate.kvm_xen_update_runstate(vcpu, RUNSTATE_RUNNING);
  },
});

/**
 * An eventfd bound to an event channel: signalled from any context, with interrupts off.
 * Source: virt/kvm/eventfd.c, irqfd_wakeup, irqfd_inject; arch/x86/kvm/irq_comm.c, kvm_arch_set_irq_inatomic.
 */
import type { Kvm } from "../kvm/types";
import { spin_lock_irqsave, spin_unlock_irqrestore } from "../sync/spinlock";
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { ops, rule, type Task } from "../task";
import { evtchn, type XenEvtchn } from "./evtchn";
import { to_kvm_xen } from "./state";

export const irqfd = ops("irqfd", {
  /** The eventfd is written to: the callback, and then its work item if it queued one. */
  *signal(kvm: Kvm, event: XenEvtchn): Task<"ok"> {
    const { wqh_lock } = to_kvm_xen(kvm);
    yield* spin_lock_irqsave(wqh_lock);
    rule("lock.spin.nothing-sleeps-inside");
    const queued = yield* irqfd.irqfd_wakeup(kvm, event);
    yield* spin_unlock_irqrestore(wqh_lock);
    if (queued) yield* evtchn.kvm_xen_set_evtchn(kvm, event);
    return "ok";
  },

  /** Under the eventfd's wait-queue lock. Says whether the work item was queued, which may sleep. */
  *irqfd_wakeup(kvm: Kvm, event: XenEvtchn): Task<boolean> {
    const { work_queued, queue_work } = to_kvm_xen(kvm);
    const session = yield* srcu_read_lock(kvm.irq_srcu);
    rule("xenev.irqfd.work-only-if-blocked");
    const blocked = (yield* evtchn.kvm_xen_set_evtchn_fast(kvm, event)) === "EWOULDBLOCK";
    if (blocked) {
      yield queue_work;
      work_queued.now++;
    }
    yield* srcu_read_unlock(kvm.irq_srcu, session);
    return blocked;
  },
});

/** What a halted vCPU of a Xen guest has to wake up for. Source: arch/x86/kvm/xen.c, __kvm_xen_has_interrupt. */
import { pfncache } from "../kvm/pfncache";
import type { Vcpu } from "../kvm/types";
import { in_atomic } from "../sync/context";
import { read_lock_irqsave, read_unlock_irqrestore } from "../sync/rwlock";
import { ops, rule, type Task } from "../task";
import { vcpu_info_at } from "./layout";
import { to_kvm_xen, to_vcpu_xen } from "./state";

export const xen_wake = ops("xen_wake", {
  *has_events(vcpu: Vcpu): Task<boolean> {
    return (yield* xen_wake.kvm_xen_has_pending_events(vcpu)) || (yield* xen_wake.kvm_xen_has_interrupt(vcpu));
  },

  /** Something in the shadow waits for the vCPU to put it where the guest sees it. */
  *kvm_xen_has_pending_events(vcpu: Vcpu): Task<boolean> {
    const { evtchn_pending_sel } = to_vcpu_xen(vcpu);
    rule("xenev.block.shadow-is-work");
    yield evtchn_pending_sel.load;
    return evtchn_pending_sel.now !== 0n;
  },

  /** The guest was asked for an upcall, by the vector of the VM. */
  *kvm_xen_has_interrupt(vcpu: Vcpu): Task<boolean> {
    const { upcall_vector, long_mode } = to_kvm_xen(vcpu.kvm);
    const { vcpu_info_cache: gpc } = to_vcpu_xen(vcpu);
    yield upcall_vector.load;
    if (upcall_vector.now === 0) return false;
    yield gpc.gpa.load;
    const gpa = gpc.gpa.now;
    if (gpa === undefined) return false;
    const usable = yield* xen_wake.map_vcpu_info(vcpu);
    if (usable !== "mapped") return usable === "unknown";
    yield long_mode.load;
    const { upcall_pending } = vcpu_info_at(vcpu.kvm, gpa, long_mode.now, `xen.vcpu.${vcpu.vcpu_id}`);
    yield upcall_pending.load;
    const asked = upcall_pending.now !== 0n;
    yield* read_unlock_irqrestore(gpc.lock);
    return asked;
  },

  /**
   * Returns with the cache's lock held if the vcpu_info is "mapped". A thread that is about to sleep
   * cannot make it so: what the flag says is "unknown", and the thread had better look again awake.
   */
  *map_vcpu_info(vcpu: Vcpu): Task<"mapped" | "unknown" | "gone"> {
    const { vcpu_info_cache: gpc } = to_vcpu_xen(vcpu);
    yield* read_lock_irqsave(gpc.lock);
    while (!(yield* pfncache.kvm_gpc_check(gpc))) {
      yield* read_unlock_irqrestore(gpc.lock);
      rule("xenev.block.unmapped-is-looked-at-awake");
      yield vcpu.blocking.load;
      if (in_atomic() || vcpu.blocking.now) return "unknown";
      if ((yield* pfncache.kvm_gpc_refresh(gpc)) !== "ok") return "gone";
      yield* read_lock_irqsave(gpc.lock);
    }
    return "mapped";
  },
});

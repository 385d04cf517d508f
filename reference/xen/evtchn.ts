/**
 * Two-level event channels: a pending bit in the shared_info page, a selector bit and an upcall in
 * the target's vcpu_info. Source: arch/x86/kvm/xen.c, kvm_xen_set_evtchn_fast, kvm_xen_set_evtchn.
 */
import { pfncache } from "../kvm/pfncache";
import { requests } from "../kvm/requests";
import { vcpus } from "../kvm/vcpus";
import type { Kvm, Vcpu } from "../kvm/types";
import { read_lock_irqsave, read_unlock_irqrestore } from "../sync/rwlock";
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { ops, rule, type Task } from "../task";
import { bits_per_long, event_word, max_evtchn_port, vcpu_info_at } from "./layout";
import { to_kvm_xen, to_vcpu_xen } from "./state";

/** An event to deliver: a port, and the id of the vCPU that it is bound to. */
export interface XenEvtchn {
  readonly port: number;
  readonly vcpu_id: number;
}

/**
 * What a delivery came to: EWOULDBLOCK is for callers that can sleep to try again, since nothing was
 * changed; ENOTCONN says that the port is masked; "pending" that it already was; "raised" that the
 * vCPU has or will have the event.
 */
export type Delivery = "raised" | "pending" | "ENOTCONN" | "EWOULDBLOCK" | "EINVAL" | "EFAULT";

export const evtchn = ops("evtchn", {
  /** Delivers without sleeping, from any context. */
  *kvm_xen_set_evtchn_fast(kvm: Kvm, { port, vcpu_id }: XenEvtchn): Task<Delivery> {
    const vcpu = (yield* vcpus.kvm_for_each_vcpu(kvm)).find((each) => each.vcpu_id === vcpu_id);
    rule("xenev.send.answers-success");
    if (vcpu === undefined) return "EINVAL";
    rule("xenev.port.by-current-mode");
    if (!(yield* evtchn.port_exists(kvm, port))) return "EINVAL";

    rule("lock.srcu.caches-looked-at-inside");
    rule("xenev.shadow.if-unmapped");
    rule("xenev.upcall.on-new-selector");
    const session = yield* srcu_read_lock(kvm.kvm_srcu);
    let result = yield* evtchn.set_shinfo_evtchn_pending(kvm, port);
    let kick = false;
    if (result === "raised") {
      const selected = yield* evtchn.set_vcpu_info_evtchn_pending(vcpu, port);
      if (selected === "EWOULDBLOCK") result = selected;
      kick = selected === "kick";
    }
    yield* srcu_read_unlock(kvm.kvm_srcu, session);
    if (kick) {
      yield* requests.kvm_make_request(vcpu, "UNBLOCK");
      yield* requests.kvm_vcpu_kick(vcpu);
    }
    return result;
  },

  /** How many ports there are depends on the mode that the guest is in now. */
  *port_exists(kvm: Kvm, port: number): Task<boolean> {
    const { long_mode } = to_kvm_xen(kvm);
    rule("xenev.port.by-current-mode");
    yield long_mode.load;
    return port < max_evtchn_port(long_mode.now);
  },

  /** The pending bit, and then the mask: a guest that unmasks looks at them in the other order. */
  *set_shinfo_evtchn_pending(kvm: Kvm, port: number): Task<Delivery> {
    const { shinfo_cache: gpc } = to_kvm_xen(kvm);
    yield* read_lock_irqsave(gpc.lock);
    rule("xenev.wouldblock.before-any-change");
    const usable = yield* pfncache.kvm_gpc_check(gpc);
    const result = usable ? yield* evtchn.raise(kvm, port) : "EWOULDBLOCK";
    yield* read_unlock_irqrestore(gpc.lock);
    return result;
  },

  /** As above, with the cache checked and its lock held. */
  *raise(kvm: Kvm, port: number): Task<Delivery> {
    const { shinfo_cache: gpc, long_mode } = to_kvm_xen(kvm);
    yield long_mode.load;
    const layout = long_mode.now;
    yield gpc.gpa.load;
    const shared_info = gpc.gpa.now ?? 0n;
    const bits = bits_per_long(layout);
    const bit = 1n << BigInt(port % bits);
    const pending = event_word(kvm, shared_info, "pending", layout, Math.floor(port / bits));
    const mask = event_word(kvm, shared_info, "mask", layout, Math.floor(port / bits));
    rule("xenev.pending.before-mask");
    yield pending.rmw;
    if ((pending.now & bit) !== 0n) return "pending";
    pending.write(gpc.state.pfn, pending.now | bit);
    yield mask.load;
    return (mask.now & bit) === 0n ? "raised" : "ENOTCONN";
  },

  /**
   * The selector bit, in the guest's vcpu_info, or in the shadow if that cannot be reached without
   * sleeping: the pending bit is set by now, so nobody would try again. Says whether to kick.
   */
  *set_vcpu_info_evtchn_pending(vcpu: Vcpu, port: number): Task<"kick" | "no kick" | "EWOULDBLOCK"> {
    const { vcpu_info_cache: gpc, evtchn_pending_sel: shadow } = to_vcpu_xen(vcpu);
    const { long_mode } = to_kvm_xen(vcpu.kvm);
    yield long_mode.load;
    const layout = long_mode.now;
    const bit = 1n << BigInt(Math.floor(port / bits_per_long(layout)));
    yield* read_lock_irqsave(gpc.lock);
    const usable = yield* pfncache.kvm_gpc_check(gpc);
    let was: boolean;
    rule("xenev.shadow.if-unmapped");
    rule("xenev.wouldblock.before-any-change");
    rule("xencfg.vcpu-info.only-where-registered");
    rule("xencfg.vcpu-info.latched-until-registered");
    if (usable) was = yield* evtchn.select(vcpu, bit, layout);
    else {
      yield shadow.rmw;
      was = (shadow.now & bit) !== 0n;
      shadow.now |= bit;
    }
    yield* read_unlock_irqrestore(gpc.lock);
    return was ? "no kick" : "kick";
  },

  /** Sets the guest's selector bit, and asks for an upcall if it was clear. Gives back what it was. */
  *select(vcpu: Vcpu, bit: bigint, layout: boolean): Task<boolean> {
    const { vcpu_info_cache: gpc } = to_vcpu_xen(vcpu);
    yield gpc.gpa.load;
    const info = vcpu_info_at(vcpu.kvm, gpc.gpa.now ?? 0n, layout, `xen.vcpu.${vcpu.vcpu_id}`);
    yield info.evtchn_pending_sel.rmw;
    const was = (info.evtchn_pending_sel.now & bit) !== 0n;
    info.evtchn_pending_sel.write(gpc.state.pfn, info.evtchn_pending_sel.now | bit);
    rule("xenev.upcall.on-new-selector");
    if (was) return true;
    yield info.raise_upcall;
    info.upcall_pending.write(gpc.state.pfn, 1n);
    return false;
  },

  /**
   * Delivers, and sleeps where it must: no answer says to try again. The kernel tries twice before it refreshes,
   * since there were times when it took a lock in between.
   */
  *kvm_xen_set_evtchn(kvm: Kvm, event: XenEvtchn): Task<Delivery> {
    const { shinfo_cache } = to_kvm_xen(kvm);
    rule("xenev.send.fast-first");
    const first = yield* evtchn.kvm_xen_set_evtchn_fast(kvm, event);
    if (first !== "EWOULDBLOCK") return first;
    rule("xenev.send.without-xen-lock");
    rule("lock.srcu.caches-looked-at-inside");
    rule("xenev.send.refreshes-and-retries");
    for (;;) {
      const result = yield* evtchn.kvm_xen_set_evtchn_fast(kvm, event);
      if (result !== "EWOULDBLOCK") return result;
      const session = yield* srcu_read_lock(kvm.kvm_srcu);
      const refreshed = yield* pfncache.kvm_gpc_refresh(shinfo_cache);
      yield* srcu_read_unlock(kvm.kvm_srcu, session);
      if (refreshed !== "ok") return refreshed;
    }
  },

  /** KVM_XEN_HVM_EVTCHN_SEND: that the port was masked, or pending already, is no error. */
  *kvm_xen_hvm_evtchn_send(kvm: Kvm, event: XenEvtchn): Task<"ok" | "EINVAL" | "EFAULT"> {
    rule("xenev.port.by-current-mode");
    if (event.port === 0 || !(yield* evtchn.port_exists(kvm, event.port))) return "EINVAL";
    rule("xenev.send.answers-success");
    const result = yield* evtchn.kvm_xen_set_evtchn(kvm, event);
    return result === "EINVAL" || result === "EFAULT" ? result : "ok";
  },

  /**
   * What was latched in the shadow goes into the guest's vcpu_info. Only what was sampled leaves the
   * shadow, and not before it is in the guest: others add bits all the time.
   */
  *kvm_xen_inject_pending_events(vcpu: Vcpu): Task<void> {
    const { vcpu_info_cache: gpc, evtchn_pending_sel: shadow } = to_vcpu_xen(vcpu);
    const { long_mode } = to_kvm_xen(vcpu.kvm);
    yield shadow.load;
    const sampled = shadow.now;
    if (sampled === 0n) return;
    yield* read_lock_irqsave(gpc.lock);
    while (!(yield* pfncache.kvm_gpc_check(gpc))) {
      yield* read_unlock_irqrestore(gpc.lock);
      if ((yield* pfncache.kvm_gpc_refresh(gpc)) !== "ok") return;
      yield* read_lock_irqsave(gpc.lock);
    }
    yield long_mode.load;
    const layout = long_mode.now;
    yield* evtchn.flush(vcpu, sampled, layout);
    yield* read_unlock_irqrestore(gpc.lock);
  },

  /** As above, with the cache checked and its lock held. */
  *flush(vcpu: Vcpu, sampled: bigint, layout: boolean): Task<void> {
    const { vcpu_info_cache: gpc, evtchn_pending_sel: shadow } = to_vcpu_xen(vcpu);
    yield gpc.gpa.load;
    const info = vcpu_info_at(vcpu.kvm, gpc.gpa.now ?? 0n, layout, `xen.vcpu.${vcpu.vcpu_id}`);
    rule("xenev.shadow.keeps-later-bits");
    yield info.evtchn_pending_sel.rmw;
    info.evtchn_pending_sel.write(gpc.state.pfn, info.evtchn_pending_sel.now | sampled);
    yield shadow.rmw;
    shadow.now &= ~sampled;
    yield info.raise_upcall;
    info.upcall_pending.write(gpc.state.pfn, 1n);
  },
});

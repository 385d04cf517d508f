/** What the guest, and a VMM that shares its memory, do with the areas that they share with KVM. */
import { hex } from "../kvm/api";
import type { Kvm, Vcpu } from "../kvm/types";
import { load_all, ops, type Task } from "../task";
import { bits_per_long, event_word, runstate_at, vcpu_info_at } from "./layout";
import { to_kvm_xen, to_vcpu_xen } from "./state";

export const xen_guest = ops("xen_guest", {
  /**
   * Reads a runstate as a guest does that shares it with others: the entry time and its flag first
   * and last. EAGAIN if the flag was seen or the entry time moved; else whether the times add up.
   */
  *read_runstate(vcpu: Vcpu): Task<"whole" | "torn" | "EAGAIN" | "ENOENT"> {
    const { long_mode } = to_kvm_xen(vcpu.kvm);
    const { gpa } = to_vcpu_xen(vcpu).runstate_cache;
    yield load_all([long_mode, gpa]);
    if (gpa.now === undefined) return "ENOENT";
    const area = runstate_at(vcpu.kvm, gpa.now, long_mode.now, vcpu.vcpu_id);
    yield area.load_entry;
    if (area.flag.now !== 0n) return "EAGAIN";
    const entry_time = area.entry_time.now;
    let sum = 0n;
    for (const time of area.times) {
      yield time.load;
      sum += time.now;
    }
    yield area.load_entry;
    if ((area.flag.now as bigint) !== 0n || area.entry_time.now !== entry_time) return "EAGAIN";
    return sum === entry_time ? "whole" : "torn";
  },

  *set_mask(kvm: Kvm, port: number, masked: boolean): Task<"ok"> {
    const { bit, mask } = yield* xen_guest.find(kvm, port);
    yield mask.rmw;
    mask.now = masked ? mask.now | bit : mask.now & ~bit;
    return "ok";
  },

  /** Unmasks a port, and only then looks whether an event came meanwhile, which is then its own to deliver. */
  *unmask(kvm: Kvm, port: number): Task<"pending" | "idle"> {
    const { bit, pending, mask } = yield* xen_guest.find(kvm, port);
    yield mask.rmw;
    mask.now &= ~bit;
    yield pending.load;
    return (pending.now & bit) === 0n ? "idle" : "pending";
  },

  /** As the guest's upcall handler: takes the upcall, then the selector, and clears both. Gives back the selector. */
  *take_upcall(vcpu: Vcpu): Task<string> {
    const { long_mode } = to_kvm_xen(vcpu.kvm);
    const { gpa } = to_vcpu_xen(vcpu).vcpu_info_cache;
    yield load_all([long_mode, gpa]);
    const { upcall_pending, evtchn_pending_sel } = vcpu_info_at(vcpu.kvm, gpa.now ?? 0n, long_mode.now, `xen.vcpu.${vcpu.vcpu_id}`);
    yield upcall_pending.store;
    upcall_pending.now = 0n;
    yield evtchn_pending_sel.rmw;
    const selected = evtchn_pending_sel.now;
    evtchn_pending_sel.now = 0n;
    return hex(selected);
  },

  *find(kvm: Kvm, port: number) {
    const { long_mode, shinfo_cache } = to_kvm_xen(kvm);
    yield load_all([long_mode, shinfo_cache.gpa]);
    const bits = bits_per_long(long_mode.now);
    const n = Math.floor(port / bits);
    const at = shinfo_cache.gpa.now ?? 0n;
    return {
      bit: 1n << BigInt(port % bits),
      pending: event_word(kvm, at, "pending", long_mode.now, n),
      mask: event_word(kvm, at, "mask", long_mode.now, n),
    };
  },
});

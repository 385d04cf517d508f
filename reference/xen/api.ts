/** What the Xen chapter lets a case ask for and look at. */
import { first, hex, u64, per_vcpu, per_vm, vcpu_fd, type Api, type Args } from "../kvm/api";
import type { Kvm, Vcpu } from "../kvm/types";
import type { Value } from "../../spec/generated/types";
import { attributes, type HvmAttribute, type VcpuAttribute } from "./attributes";
import { evtchn, type XenEvtchn } from "./evtchn";
import { run } from "../kvm/run";
import type { Task } from "../task";
import { xen_guest } from "./guest";
import { irqfd } from "./irqfd";
import { bits_per_long, event_word, legacy_vcpu_info, runstate_at, vcpu_info_at } from "./layout";
import { to_kvm_xen, to_vcpu_xen, type Runstate } from "./state";

function event({ port, vcpu }: Args): XenEvtchn {
  return { port: Number(u64(port)), vcpu_id: Number(u64(vcpu)) };
}

function runstate_of({ state, entry_time, times }: Args): Runstate {
  const list = Array.isArray(times) ? times : [0, 0, 0, 0];
  return { current: Number(u64(state ?? 0)), entry_time: u64(entry_time ?? 0), times: list.map(u64) };
}

/** The words of the shared_info page, by number: as many as the mode has. */
function event_words(which: "pending" | "mask") {
  return {
    instances: (kvm: Kvm) => first(bits_per_long(to_kvm_xen(kvm).long_mode.now)),
    of: (kvm: Kvm, [n]: readonly string[]): Value => {
      const { shinfo_cache, long_mode } = to_kvm_xen(kvm);
      const at = shinfo_cache.gpa.now;
      return at === undefined ? "none" : hex(event_word(kvm, at, which, long_mode.now, Number(n)).now);
    },
  };
}

function in_vcpu_info(word: "upcall_pending" | "evtchn_pending_sel") {
  return per_vcpu((vcpu) => {
    const at = to_vcpu_xen(vcpu).vcpu_info_cache.gpa.now;
    const long_mode = to_kvm_xen(vcpu.kvm).long_mode.now;
    return at === undefined ? "none" : hex(vcpu_info_at(vcpu.kvm, at, long_mode, `xen.vcpu.${vcpu.vcpu_id}`)[word].now);
  });
}

function runstate_copy(vcpu: Vcpu) {
  const at = to_vcpu_xen(vcpu).runstate_cache.gpa.now;
  return at === undefined ? undefined : runstate_at(vcpu.kvm, at, to_kvm_xen(vcpu.kvm).long_mode.now, vcpu.vcpu_id);
}

function* as_is(value: unknown): Task<unknown> {
  return value;
}

export const xen_api: Api = {
  features: ["xen.runstate", "xen.evtchn"],
  events: [
    "xen.vcpu.*.upcall",
    "xen.vcpu.*.runstate.flag_set",
    "xen.vcpu.*.runstate.flag_cleared",
    "xen.vcpu.*.runstate.written",
    "xen.irqfd.work_queued",
  ],
  calls: {
    "xen.hvm_set_attr": (kvm, { type, value }) => attributes.kvm_xen_hvm_set_attr(kvm, type as HvmAttribute, u64(value)),
    "xen.vcpu_set_attr": (kvm, args) =>
      attributes.kvm_xen_vcpu_set_attr(
        vcpu_fd(kvm, args["vcpu"]),
        args["type"] as VcpuAttribute,
        u64(args["value"] ?? 0),
        runstate_of(args),
      ),
    "xen.vcpu_get_attr": (kvm, { vcpu, type }) => attributes.kvm_xen_vcpu_get_attr(vcpu_fd(kvm, vcpu), type as VcpuAttribute),
    "xen.evtchn_send": (kvm, args) => evtchn.kvm_xen_hvm_evtchn_send(kvm, event(args)),
    "xen.evtchn_irqfd": (kvm, args) => irqfd.signal(kvm, event(args)),
    "guest.xen_read_runstate": (kvm, args) => {
      const of = vcpu_fd(kvm, args["of"]);
      const read = (): Task<unknown> => xen_guest.read_runstate(of);
      return run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, args["vcpu"]), { in_guest: read, exit: (_, seen) => as_is(seen) });
    },
    "vmm.xen_read_runstate": (kvm, { vcpu }) => xen_guest.read_runstate(vcpu_fd(kvm, vcpu)),
    "vmm.xen_mask": (kvm, { port }) => xen_guest.set_mask(kvm, Number(u64(port)), true),
    "vmm.xen_unmask": (kvm, { port }) => xen_guest.unmask(kvm, Number(u64(port))),
    "vmm.xen_take_upcall": (kvm, { vcpu }) => xen_guest.take_upcall(vcpu_fd(kvm, vcpu)),
  },
  reads: {
    "xen.shared_info.pending.*": event_words("pending"),
    "xen.shared_info.vcpu_info.*.pending_sel": {
      instances: () => first(32),
      of: (kvm, [n]) => {
        const { shinfo_cache, long_mode } = to_kvm_xen(kvm);
        const at = shinfo_cache.gpa.now;
        const info = at === undefined ? undefined : legacy_vcpu_info(kvm, at, Number(n), long_mode.now);
        return info === undefined ? "none" : hex(info.evtchn_pending_sel.now);
      },
    },
    "xen.shared_info.mapped": per_vm((kvm) => to_kvm_xen(kvm).shinfo_cache.state.valid),
    "xen.vcpu.*.vcpu_info_mapped": per_vcpu((vcpu) => to_vcpu_xen(vcpu).vcpu_info_cache.state.valid),
    "xen.vcpu.*.runstate_mapped": per_vcpu((vcpu) => to_vcpu_xen(vcpu).runstate_cache.state.valid),
    "xen.vcpu.*.pending_sel": in_vcpu_info("evtchn_pending_sel"),
    "xen.vcpu.*.upcall_pending": in_vcpu_info("upcall_pending"),
    "xen.vcpu.*.shadow_sel": per_vcpu((vcpu) => hex(to_vcpu_xen(vcpu).evtchn_pending_sel.now)),
    "xen.vcpu.*.runstate.state": per_vcpu((vcpu) => {
      const area = runstate_copy(vcpu);
      return area === undefined ? "none" : Number(area.state.now);
    }),
    "xen.vcpu.*.runstate.updating": per_vcpu((vcpu) => (runstate_copy(vcpu)?.flag.now ?? 0n) !== 0n),
    "xen.vcpu.*.runstate.entry_time": per_vcpu((vcpu) => {
      const area = runstate_copy(vcpu);
      return area === undefined ? "none" : hex(area.entry_time.now);
    }),
    "xen.vcpu.*.runstate.adds_up": per_vcpu((vcpu) => {
      const area = runstate_copy(vcpu);
      return area === undefined || area.times.reduce((sum, time) => sum + time.now, 0n) === area.entry_time.now;
    }),
  },
};

/** Xen guests: runstate and event channels. */
import type { Given } from "../../spec/generated/types";
import { hva_of } from "../kvm/host_mm";
import { memslots } from "../kvm/memslots";
import { pfncache } from "../kvm/pfncache";
import { requests } from "../kvm/requests";
import type { Chapter, Kvm, Vcpu } from "../kvm/types";
import type { Result } from "../kvm/types";
import type { Task } from "../task";
import { evtchn } from "./evtchn";
import { pending_words, runstate_at, vcpu_info_at } from "./layout";
import { runstate } from "./runstate";
import { kvm_xen_of, to_kvm_xen, to_vcpu_xen, vcpu_xen_of } from "./state";
import { xen_wake } from "./wake";

/** The guest's memory, in frames from 0, and where in it the given areas are. */
const GUEST_FRAMES = 256;
const SHARED_INFO = 0x10000n;
const VCPU_INFO = 0x20000n;
const RUNSTATE = 0x30000n;

function* flush_shadow(vcpu: Vcpu): Task<void> {
  if (to_kvm_xen(vcpu.kvm).enabled) yield* evtchn.kvm_xen_inject_pending_events(vcpu);
}

export const xen_chapter: Chapter = {
  name: "xen",

  vm_init(kvm: Kvm): void {
    kvm.arch["xen"] = kvm_xen_of(kvm);
  },

  /** What KVM writes in an area is made with it: a page that moves announces all of that, whoever has looked at it by then. */
  *given(kvm: Kvm, { xen }: Given): Task<void> {
    if (xen === undefined) return;
    const mine = to_kvm_xen(kvm);
    Object.assign(mine, { enabled: true });
    mine.long_mode.now = xen.long_mode ?? false;
    mine.upcall_vector.now = xen.upcall_vector ?? 0;
    mine.runstate_update_flag.now = xen.runstate_update_flag ?? false;
    yield* memslots.kvm_set_memory_region(kvm, { id: 0, base_gfn: 0, npages: GUEST_FRAMES, hva: hva_of(0) });
    if (xen.shared_info === true) {
      yield* pfncache.kvm_gpc_activate(mine.shinfo_cache, SHARED_INFO);
      pending_words(kvm, SHARED_INFO, mine.long_mode.now);
    }
    for (const { now: vcpu } of kvm.vcpu_array) {
      if (vcpu === undefined) continue;
      const { vcpu_info_cache, runstate_cache } = to_vcpu_xen(vcpu);
      const page = BigInt(vcpu.vcpu_id) << 12n;
      if (xen.vcpu_info?.includes(vcpu.vcpu_id)) {
        yield* pfncache.kvm_gpc_activate(vcpu_info_cache, VCPU_INFO + page);
        vcpu_info_at(kvm, VCPU_INFO + page, mine.long_mode.now, `xen.vcpu.${vcpu.vcpu_id}`);
      }
      if (xen.runstate?.includes(vcpu.vcpu_id)) {
        yield* pfncache.kvm_gpc_activate(runstate_cache, RUNSTATE + page);
        runstate_at(kvm, RUNSTATE + page, mine.long_mode.now, vcpu.vcpu_id);
      }
    }
  },

  *vcpu_create(vcpu: Vcpu): Task<Result> {
    vcpu.arch["xen"] = vcpu_xen_of(vcpu);
    return "ok";
  },

  requests: {
    *STEAL_UPDATE(vcpu: Vcpu): Task<void> {
      yield* runstate.kvm_xen_runstate_set_running(vcpu);
    },
    UNBLOCK: flush_shadow,
  },

  *vcpu_load(vcpu: Vcpu): Task<void> {
    if (to_kvm_xen(vcpu.kvm).enabled) yield* requests.kvm_make_request(vcpu, "STEAL_UPDATE");
  },

  *vcpu_put(vcpu: Vcpu, preempted: boolean): Task<void> {
    if (preempted && to_kvm_xen(vcpu.kvm).enabled) yield* runstate.kvm_xen_runstate_set_preempted(vcpu);
  },

  inject_pending_events: flush_shadow,

  *has_events(vcpu: Vcpu): Task<boolean> {
    return to_kvm_xen(vcpu.kvm).enabled && (yield* xen_wake.has_events(vcpu));
  },
};

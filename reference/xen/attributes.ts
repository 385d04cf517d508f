/** The Xen attributes of a VM and of a vCPU. Source: arch/x86/kvm/xen.c, kvm_xen_hvm_set_attr, kvm_xen_vcpu_set_attr. */
import { pfncache, type GfnToPfnCache } from "../kvm/pfncache";
import { sched } from "../kvm/sched";
import type { Kvm, Vcpu } from "../kvm/types";
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { ops, rule, type Task } from "../task";
import { VCPU_INFO_SIZE } from "./layout";
import { runstate } from "./runstate";
import { RUNSTATE_OFFLINE, to_kvm_xen, to_vcpu_xen, type Runstate } from "./state";

const INVALID_ADDRESS = (1n << 64n) - 1n;

/** The vectors below this belong to the processor's exceptions. */
const FIRST_VECTOR = 0x10n;

export type HvmAttribute = "LONG_MODE" | "SHARED_INFO" | "UPCALL_VECTOR" | "RUNSTATE_UPDATE_FLAG";
export type VcpuAttribute = "VCPU_INFO" | "RUNSTATE_ADDR" | "RUNSTATE_CURRENT" | "RUNSTATE_DATA" | "UPCALL_VECTOR";

type Answer = "ok" | "EINVAL" | "EFAULT";

/** The result of a get: a number, an address, or the runstate as state, entry time and times. */
type Found = number | string | (number | string)[];

export const attributes = ops("attributes", {
  *kvm_xen_hvm_set_attr(kvm: Kvm, type: HvmAttribute, value: bigint): Task<Answer> {
    const { lock, long_mode, runstate_update_flag, upcall_vector, shinfo_cache } = to_kvm_xen(kvm);
    if (type === "UPCALL_VECTOR" && !(yield* attributes.vector_allowed(value))) return "EINVAL";
    let result: Answer = "ok";
    yield* mutex_lock(lock);
    if (type === "LONG_MODE") {
      yield long_mode.store;
      long_mode.now = value !== 0n;
    } else if (type === "RUNSTATE_UPDATE_FLAG") {
      yield runstate_update_flag.store;
      runstate_update_flag.now = value !== 0n;
    } else if (type === "UPCALL_VECTOR") {
      yield upcall_vector.store;
      upcall_vector.now = Number(value);
    } else result = yield* attributes.set_address(shinfo_cache, value === INVALID_ADDRESS ? value : value << 12n);
    yield* mutex_unlock(lock);
    return result;
  },

  *kvm_xen_vcpu_set_attr(vcpu: Vcpu, type: VcpuAttribute, value: bigint, data: Runstate): Task<Answer> {
    const { lock } = to_kvm_xen(vcpu.kvm);
    const { upcall_vector, vcpu_info_cache } = to_vcpu_xen(vcpu);
    let result: Answer = "ok";
    yield* attributes.enter_vcpu_ioctl(vcpu);
    yield* mutex_lock(lock);
    if (type === "RUNSTATE_ADDR") result = yield* attributes.set_runstate_address(vcpu, value);
    else if (type === "RUNSTATE_CURRENT") result = yield* attributes.set_runstate_current(vcpu, value);
    else if (type === "RUNSTATE_DATA") result = yield* attributes.set_runstate_data(vcpu, data);
    else if (type === "VCPU_INFO") {
      rule("xencfg.vcpu-info.one-page");
      const crosses = value !== INVALID_ADDRESS && (value & 0xfffn) + VCPU_INFO_SIZE > 0x1000n;
      result = crosses ? "EINVAL" : yield* attributes.set_address(vcpu_info_cache, value);
    } else if (yield* attributes.vector_allowed(value)) {
      yield upcall_vector.store;
      upcall_vector.now = Number(value);
    } else result = "EINVAL";
    yield* mutex_unlock(lock);
    yield* attributes.leave_vcpu_ioctl(vcpu);
    return result;
  },

  *kvm_xen_vcpu_get_attr(vcpu: Vcpu, type: VcpuAttribute): Task<Found> {
    const { lock } = to_kvm_xen(vcpu.kvm);
    const { runstate: kept, runstate_cache, vcpu_info_cache, upcall_vector } = to_vcpu_xen(vcpu);
    yield* attributes.enter_vcpu_ioctl(vcpu);
    yield* mutex_lock(lock);
    let found: Found;
    if (type === "RUNSTATE_CURRENT") found = kept.current;
    else if (type === "RUNSTATE_DATA") found = [kept.current, hex(kept.entry_time), ...kept.times.map(hex)];
    else if (type === "UPCALL_VECTOR") {
      yield upcall_vector.load;
      found = upcall_vector.now;
    } else {
      const { gpa } = type === "VCPU_INFO" ? vcpu_info_cache : runstate_cache;
      yield gpa.load;
      rule("xencfg.runstate-addr.unset-is-enoent");
      found = gpa.now === undefined ? (type === "VCPU_INFO" ? hex(INVALID_ADDRESS) : "ENOENT") : hex(gpa.now);
    }
    yield* mutex_unlock(lock);
    yield* attributes.leave_vcpu_ioctl(vcpu);
    return found;
  },

  /** Every vCPU ioctl holds the vCPU's mutex, and has the vCPU loaded: its thread can be preempted in it. */
  *enter_vcpu_ioctl(vcpu: Vcpu): Task<void> {
    yield* mutex_lock(vcpu.mutex);
    yield* sched.vcpu_load(vcpu);
  },

  *leave_vcpu_ioctl(vcpu: Vcpu): Task<void> {
    yield* sched.vcpu_put(vcpu);
    yield* mutex_unlock(vcpu.mutex);
  },

  /** 0 is no vector at all. */
  *vector_allowed(vector: bigint): Task<boolean> {
    rule("xencfg.vector.reserved-refused");
    return vector === 0n || (vector >= FIRST_VECTOR && vector < 256n);
  },

  /** The area is at this address from now on, or nowhere. */
  *set_address(gpc: GfnToPfnCache, gpa: bigint): Task<Answer> {
    let result: Answer = "ok";
    const session = yield* srcu_read_lock(gpc.kvm.kvm_srcu);
    if (gpa === INVALID_ADDRESS) yield* pfncache.kvm_gpc_deactivate(gpc);
    else result = yield* pfncache.kvm_gpc_activate(gpc, gpa);
    yield* srcu_read_unlock(gpc.kvm.kvm_srcu, session);
    return result;
  },

  /** The guest finds the current data there when the call returns. */
  *set_runstate_address(vcpu: Vcpu, gpa: bigint): Task<Answer> {
    const { runstate_cache: gpc } = to_vcpu_xen(vcpu);
    const result = yield* attributes.set_address(gpc, gpa);
    rule("xenrs.register.writes-at-once");
    if (result !== "ok") yield* pfncache.kvm_gpc_deactivate(gpc);
    else if (gpa !== INVALID_ADDRESS) yield* runstate.kvm_xen_update_runstate_guest(vcpu, false);
    return result;
  },

  *set_runstate_current(vcpu: Vcpu, state: bigint): Task<Answer> {
    if (state > RUNSTATE_OFFLINE) return "EINVAL";
    yield* runstate.kvm_xen_update_runstate(vcpu, Number(state));
    return "ok";
  },

  /** Replaces what KVM has accounted; the guest's copy is not written. */
  *set_runstate_data(vcpu: Vcpu, { current, entry_time, times }: Runstate): Task<Answer> {
    const { runstate: kept } = to_vcpu_xen(vcpu);
    if (current > RUNSTATE_OFFLINE) return "EINVAL";
    rule("xenrs.data.must-add-up");
    if (entry_time !== times.reduce((sum, time) => sum + time)) return "EINVAL";
    yield vcpu.kvm.clock.load;
    if (vcpu.kvm.clock.now < entry_time) return "EINVAL";
    Object.assign(kept, { current, entry_time, times });
    return "ok";
  },
});

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

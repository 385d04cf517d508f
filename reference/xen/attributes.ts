/** The Xen attributes of a VM and of a vCPU. Source: arch/x86/kvm/xen.c, kvm_xen_hvm_set_attr, kvm_xen_vcpu_set_attr. */
import { hex } from "../kvm/api";
import { pfncache, type GfnToPfnCache } from "../kvm/pfncache";
import type { Kvm, Vcpu } from "../kvm/types";
import { vcpu_ioctl } from "../kvm/vcpu_ioctl";
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
    rule("xencfg.vector.reserved-refused");
    if (type === "UPCALL_VECTOR" && !(yield* attributes.vector_allowed(value))) return "EINVAL";
    let result: Answer = "ok";
    rule("lock.xen.leaf");
    rule("lock.xen.covers-attributes");
    yield* mutex_lock(lock);
    rule("xencfg.attribute.takes-effect");
    if (type === "LONG_MODE") {
      yield long_mode.store;
      long_mode.now = value !== 0n;
    } else if (type === "RUNSTATE_UPDATE_FLAG") {
      yield runstate_update_flag.store;
      runstate_update_flag.now = value !== 0n;
    } else if (type === "UPCALL_VECTOR") {
      yield upcall_vector.store;
      upcall_vector.now = Number(value);
      rule("xencfg.shared-info.any-backed-frame");
    } else result = yield* attributes.set_address(shinfo_cache, value === INVALID_ADDRESS ? value : value << 12n);
    yield* mutex_unlock(lock);
    return result;
  },

  *kvm_xen_vcpu_set_attr(vcpu: Vcpu, type: VcpuAttribute, value: bigint, data: Runstate): Task<Answer> {
    const { lock } = to_kvm_xen(vcpu.kvm);
    rule("lock.xen.leaf");
    rule("lock.order.kvm-lock-first");
    return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
      rule("lock.xen.covers-attributes");
      yield* mutex_lock(lock);
      const result = yield* attributes.set_vcpu_attribute(vcpu, type, value, data);
      yield* mutex_unlock(lock);
      return result;
    });
  },

  /** Under the vCPU's mutex and xen_lock. */
  *set_vcpu_attribute(vcpu: Vcpu, type: VcpuAttribute, value: bigint, data: Runstate): Task<Answer> {
    rule("xenrs.register.writes-at-once");
    if (type === "RUNSTATE_ADDR") return yield* attributes.set_runstate_address(vcpu, value);
    rule("xenrs.times.to-the-state-left");
    if (type === "RUNSTATE_CURRENT") return yield* attributes.set_runstate_current(vcpu, value);
    rule("xenrs.data.must-add-up");
    if (type === "RUNSTATE_DATA") return yield* attributes.set_runstate_data(vcpu, data);
    if (type === "VCPU_INFO") return yield* attributes.set_vcpu_info(vcpu, value);
    rule("xencfg.vector.reserved-refused");
    if (!(yield* attributes.vector_allowed(value))) return "EINVAL";
    const { upcall_vector } = to_vcpu_xen(vcpu);
    yield upcall_vector.store;
    upcall_vector.now = Number(value);
    return "ok";
  },

  *kvm_xen_vcpu_get_attr(vcpu: Vcpu, type: VcpuAttribute): Task<Found> {
    const { lock } = to_kvm_xen(vcpu.kvm);
    return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
      yield* mutex_lock(lock);
      const found = yield* attributes.get_vcpu_attribute(vcpu, type);
      yield* mutex_unlock(lock);
      return found;
    });
  },

  /** Under the vCPU's mutex and xen_lock. */
  *get_vcpu_attribute(vcpu: Vcpu, type: VcpuAttribute): Task<Found> {
    const { runstate: kept, runstate_cache, vcpu_info_cache, upcall_vector } = to_vcpu_xen(vcpu);
    if (type === "RUNSTATE_CURRENT") return kept.current;
    if (type === "RUNSTATE_DATA") return [kept.current, hex(kept.entry_time), ...kept.times.map(hex)];
    if (type === "UPCALL_VECTOR") {
      yield upcall_vector.load;
      return upcall_vector.now;
    }
    const { gpa } = type === "VCPU_INFO" ? vcpu_info_cache : runstate_cache;
    yield gpa.load;
    if (gpa.now !== undefined) return hex(gpa.now);
    rule("xencfg.runstate-addr.unset-is-enoent");
    return type === "VCPU_INFO" ? hex(INVALID_ADDRESS) : "ENOENT";
  },

  /** 0 is no vector at all. */
  *vector_allowed(vector: bigint): Task<boolean> {
    rule("xencfg.vector.reserved-refused");
    return vector === 0n || (vector >= FIRST_VECTOR && vector < 256n);
  },

  /** The area is at this address from now on, or nowhere. Nobody who may want xen_lock is waited for. */
  *set_address(gpc: GfnToPfnCache, gpa: bigint): Task<Answer> {
    rule("lock.xen.leaf");
    rule("lock.xen.no-synchronize-inside");
    rule("lock.srcu.caches-looked-at-inside");
    rule("xencfg.shared-info.any-backed-frame");
    let result: Answer = "ok";
    const session = yield* srcu_read_lock(gpc.kvm.kvm_srcu);
    if (gpa === INVALID_ADDRESS) yield* pfncache.kvm_gpc_deactivate(gpc);
    else result = yield* pfncache.kvm_gpc_activate(gpc, gpa);
    yield* srcu_read_unlock(gpc.kvm.kvm_srcu, session);
    return result;
  },

  *set_vcpu_info(vcpu: Vcpu, gpa: bigint): Task<Answer> {
    rule("xencfg.vcpu-info.one-page");
    if (gpa !== INVALID_ADDRESS && (gpa & 0xfffn) + VCPU_INFO_SIZE > 0x1000n) return "EINVAL";
    return yield* attributes.set_address(to_vcpu_xen(vcpu).vcpu_info_cache, gpa);
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
    rule("xenrs.times.to-the-state-left");
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

/** What KVM keeps of a Xen guest, for the VM and for each vCPU. Source: arch/x86/include/asm/kvm_host.h. */
import { pfn_cache_of, type GfnToPfnCache } from "../kvm/pfncache";
import type { Kvm, Vcpu } from "../kvm/types";
import { Mutex } from "../sync/mutex";
import { SpinLock } from "../sync/spinlock";
import { Cell, guarded, type Step } from "../task";

export const RUNSTATE_RUNNING = 0;
export const RUNSTATE_RUNNABLE = 1;
export const RUNSTATE_OFFLINE = 3;

export interface KvmXen {
  /** Userspace has configured Xen with a hypercall page, so that runstates follow the vCPUs. Never changes. */
  readonly enabled: boolean;
  readonly lock: Mutex;
  readonly long_mode: Cell<boolean>;
  readonly upcall_vector: Cell<number>;
  readonly runstate_update_flag: Cell<boolean>;
  readonly shinfo_cache: GfnToPfnCache;
  /** Of the one eventfd that is bound to event channels. */
  readonly wqh_lock: SpinLock;
  /** How often an irqfd's work item had to be queued. */
  readonly work_queued: Cell<number>;
  readonly queue_work: Step;
}

/** The runstate as KVM accounts it; what the guest sees is a copy. */
export interface Runstate {
  current: number;
  entry_time: bigint;
  /** By state. */
  times: readonly bigint[];
}

export interface VcpuXen {
  readonly vcpu_info_cache: GfnToPfnCache;
  readonly runstate_cache: GfnToPfnCache;
  readonly upcall_vector: Cell<number>;
  /** The shadow: selector bits that could not be put into the guest's vcpu_info yet. */
  readonly evtchn_pending_sel: Cell<bigint>;
  /** Guarded by the vCPU's mutex. */
  readonly runstate: Runstate;
}

export function kvm_xen_of(kvm: Kvm): KvmXen {
  const work_queued = new Cell("xen.irqfd.work", 0);
  return {
    enabled: false,
    lock: new Mutex("xen_lock", "xen_lock", kvm.kvm_lock.graph),
    long_mode: new Cell("xen.long_mode", false),
    upcall_vector: new Cell("xen.upcall_vector", 0),
    runstate_update_flag: new Cell("xen.runstate_update_flag", false),
    shinfo_cache: pfn_cache_of(kvm, "xen.shared_info_cache"),
    wqh_lock: new SpinLock("wqh_lock", "wqh_lock", kvm.kvm_lock.graph),
    work_queued,
    queue_work: work_queued.as("rmw", "xen.irqfd.work_queued"),
  };
}

export function vcpu_xen_of(vcpu: Vcpu): VcpuXen {
  const name = `xen.vcpu.${vcpu.vcpu_id}`;
  return {
    vcpu_info_cache: pfn_cache_of(vcpu.kvm, `${name}.vcpu_info_cache`),
    runstate_cache: pfn_cache_of(vcpu.kvm, `${name}.runstate_cache`),
    upcall_vector: new Cell(`${name}.upcall_vector`, 0),
    evtchn_pending_sel: new Cell(`${name}.shadow_sel`, 0n),
    runstate: guarded(vcpu.mutex, { current: RUNSTATE_RUNNING, entry_time: 0n, times: [0n, 0n, 0n, 0n] }),
  };
}

/** What this chapter hung on the VM. */
export function to_kvm_xen(kvm: Kvm): KvmXen {
  return kvm.arch["xen"] as KvmXen;
}

/** What this chapter hung on the vCPU. */
export function to_vcpu_xen(vcpu: Vcpu): VcpuXen {
  return vcpu.arch["xen"] as VcpuXen;
}

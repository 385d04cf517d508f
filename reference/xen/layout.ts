/**
 * Where things are in the areas that a Xen guest shares with its hypervisor, in the 32-bit and the
 * 64-bit layout. Source: include/xen/interface/xen.h, vcpu.h; arch/x86/kvm/xen.h.
 */
import { word_in, type Word } from "../kvm/guest_memory";
import { hva_of } from "../kvm/host_mm";
import type { Kvm } from "../kvm/types";
import { load_all, store_all, type Step } from "../task";

/** The word at a guest address. */
function word_at(kvm: Kvm, gpa: bigint, name: string): Word {
  return word_in(kvm.mm.memory, hva_of(Number(gpa >> 12n)), Number(gpa & 0xfffn), name);
}

/** Bit 63 of the entry time, as its last byte holds it: the runstate is being updated. */
export const XEN_RUNSTATE_UPDATE = 0x80n;

export const VCPU_INFO_SIZE = 64n;

/** How many vcpu_infos a shared_info page has room for. */
const LEGACY_MAX_VCPUS = 32;

/** How many ports, and event words, the two-level event channels have: a word for each bit of a selector. */
export function bits_per_long(long_mode: boolean): number {
  return long_mode ? 64 : 32;
}

/** Ports are below this. */
export function max_evtchn_port(long_mode: boolean): number {
  return bits_per_long(long_mode) ** 2;
}

/** One of the pending or mask words of the shared_info page at `gpa`. */
export function event_word(kvm: Kvm, gpa: bigint, which: "pending" | "mask", long_mode: boolean, n: number): Word {
  const bytes = bits_per_long(long_mode) / 8;
  const masks = which === "mask" ? bytes * bits_per_long(long_mode) : 0;
  return word_at(kvm, gpa + BigInt(0x800 + masks + n * bytes), `xen.shared_info.${which}.${n}`);
}

/** Makes the words of the shared_info page at `gpa` that KVM writes. */
export function pending_words(kvm: Kvm, gpa: bigint, long_mode: boolean): void {
  for (let n = 0; n < bits_per_long(long_mode); n++) event_word(kvm, gpa, "pending", long_mode, n);
}

export interface VcpuInfo {
  readonly upcall_pending: Word;
  readonly evtchn_pending_sel: Word;
  readonly raise_upcall: Step;
}

/** The vcpu_info at `gpa`; `owner` names its words. */
export function vcpu_info_at(kvm: Kvm, gpa: bigint, long_mode: boolean, owner: string): VcpuInfo {
  const upcall_pending = word_at(kvm, gpa, `${owner}.upcall_pending`);
  const evtchn_pending_sel = word_at(kvm, gpa + (long_mode ? 8n : 4n), `${owner}.pending_sel`);
  return { upcall_pending, evtchn_pending_sel, raise_upcall: upcall_pending.storing(`${owner}.upcall`) };
}

/** The vcpu_info of a Xen vCPU in the shared_info page itself: used only if the guest registers that very address. */
export function legacy_vcpu_info(kvm: Kvm, shared_info: bigint, xen_vcpu: number, long_mode: boolean): VcpuInfo | undefined {
  if (xen_vcpu >= LEGACY_MAX_VCPUS) return undefined;
  return vcpu_info_at(kvm, shared_info + BigInt(xen_vcpu) * VCPU_INFO_SIZE, long_mode, `xen.shared_info.vcpu_info.${xen_vcpu}`);
}

export interface RunstateArea {
  readonly state: Word;
  /** The lower seven bytes of the entry time; its last byte, which has the flag, is a word of its own. */
  readonly entry_time: Word;
  readonly flag: Word;
  readonly times: readonly Word[];
  /** The entry time is read as a whole. */
  readonly load_entry: Step;
  readonly set_flag: Step;
  readonly clear_flag: Step;
  readonly store_state: Step;
  /** The entry time is written as a whole, flag included. */
  readonly store_entry: Step;
  readonly store_times: readonly Step[];
}

const TIMES = ["running", "runnable", "blocked", "offline"];

/** The runstate area at `gpa`: packed to 44 bytes in the 32-bit layout, aligned to 48 in the other. */
export function runstate_at(kvm: Kvm, gpa: bigint, long_mode: boolean, vcpu_id: number): RunstateArea {
  const owner = `xen.vcpu.${vcpu_id}.runstate`;
  const entry = gpa + (long_mode ? 8n : 4n);
  const state = word_at(kvm, gpa, `${owner}.state`);
  const entry_time = word_at(kvm, entry, `${owner}.entry_time`);
  const flag = word_at(kvm, entry + 7n, `${owner}.flag`);
  const times = TIMES.map((name, i) => word_at(kvm, entry + BigInt(8 + 8 * i), `${owner}.time_${name}`));
  const written = `${owner}.written`;
  return {
    state,
    entry_time,
    flag,
    times,
    load_entry: load_all([entry_time, flag]),
    set_flag: flag.storing(`${owner}.flag_set`),
    clear_flag: flag.storing(`${owner}.flag_cleared`),
    store_state: state.storing(written),
    store_entry: store_all([entry_time, flag], written),
    store_times: times.map((time) => time.storing(written)),
  };
}

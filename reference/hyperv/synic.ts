/**
 * Hyper-V's synthetic interrupt controller: sixteen SINTs per vCPU, each naming the vector that it
 * raises. A SINT can ask that its vector needs no EOI, which hardware cannot do: so APICv is off
 * while any vCPU has such a vector. Source: arch/x86/kvm/hyperv.c.
 */
import { apicv, to_apicv } from "../apic/apicv";
import { requests } from "../kvm/requests";
import type { Kvm, Result, Vcpu } from "../kvm/types";
import { down_write, up_write } from "../sync/rwsem";
import { Cell, guarded, load_all, ops, rule, type Step, type Task } from "../task";

export const SINTS = 16;
const FIRST_VALID_VECTOR = 16;
const VECTOR = 0xffn;
const MASKED = 1n << 16n;
const AUTO_EOI = 1n << 17n;

export const MSR = { SCONTROL: 0x40000080, SVERSION: 0x40000081, SIEFP: 0x40000082, SIMP: 0x40000083, EOM: 0x40000084, SINT0: 0x40000090 };

export interface Synic {
  /** Others deliver interrupts by them; written only under the vCPU's mutex. */
  readonly sint: readonly Cell<bigint>[];
  /** All of them at once: for the holder of the mutex, which nobody can write between the loads. */
  readonly sints: Step;
  /** Guarded by the vCPU's mutex. `vectors` and `auto_eoi` are kept for fast paths. */
  readonly own: {
    active: boolean;
    /** By MSR index: SCONTROL, SVERSION, SIEFP, SIMP and EOM. */
    readonly registers: Map<number, bigint>;
    readonly vectors: Set<number>;
    readonly auto_eoi: Set<number>;
  };
}

export function to_synic(vcpu: Vcpu): Synic {
  return vcpu.arch["synic"] as Synic;
}

/** Guarded by apicv_update_lock: how many vCPUs have an AutoEOI vector. */
export function to_hv(kvm: Kvm): { synic_auto_eoi_used: number } {
  return kvm.arch["hv"] as { synic_auto_eoi_used: number };
}

export function hv_init(kvm: Kvm): void {
  kvm.arch["hv"] = guarded(to_apicv(kvm).apicv_update_lock, { synic_auto_eoi_used: 0 });
}

export function synic_vector(sint: bigint): number {
  return Number(sint & VECTOR);
}

export function synic_masked(sint: bigint): boolean {
  return (sint & MASKED) !== 0n;
}

export function synic_auto_eoi(sint: bigint): boolean {
  return (sint & AUTO_EOI) !== 0n;
}

function put(set: Set<number>, vector: number, in_it: boolean): void {
  if (in_it) set.add(vector);
  else set.delete(vector);
}

export const synic = ops("synic", {
  /** Masked, on vector 0: not zero. */
  *synic_init(vcpu: Vcpu): Task<void> {
    rule("synic.init.sints-masked");
    const sint = Array.from({ length: SINTS }, (_, n) => new Cell(`vcpu.${vcpu.vcpu_id}.synic.sint.${n}`, MASKED));
    const registers = new Map([MSR.SCONTROL, MSR.SIEFP, MSR.SIMP, MSR.EOM].map((index) => [index, 0n]));
    registers.set(MSR.SVERSION, 1n);
    const own = guarded(vcpu.mutex, { active: false, registers, vectors: new Set<number>(), auto_eoi: new Set<number>() });
    vcpu.arch["synic"] = { sint, sints: load_all(sint), own } satisfies Synic;
  },

  /** KVM_ENABLE_CAP of KVM_CAP_HYPERV_SYNIC; KVM_CAP_HYPERV_SYNIC2 has an argument, which must be 0. */
  *kvm_hv_enable_synic(vcpu: Vcpu, reserved = 0n): Task<Result> {
    if (reserved !== 0n) return "EINVAL";
    rule("synic.enable.needs-irqchip");
    yield vcpu.kvm.irqchip_mode.load;
    if (vcpu.kvm.irqchip_mode.now === "none") return "EINVAL";
    return yield* synic.kvm_hv_activate_synic(vcpu);
  },

  /** Switches the controller on, and nothing off. */
  *kvm_hv_activate_synic(vcpu: Vcpu): Task<Result> {
    rule("synic.enable.leaves-apicv-on");
    const { own } = to_synic(vcpu);
    own.active = true;
    own.registers.set(MSR.SCONTROL, 1n);
    return "ok";
  },

  *synic_set_msr(vcpu: Vcpu, index: number, data: bigint, host: boolean): Task<"ok" | "gp"> {
    const { own } = to_synic(vcpu);
    rule("synic.inactive.only-zero-from-host");
    if (!own.active && (!host || data !== 0n)) return "gp";
    if (index >= MSR.SINT0) return yield* synic.synic_set_sint(vcpu, index - MSR.SINT0, data, host);
    if (index === MSR.SVERSION && !host) return "gp";
    if (index !== MSR.EOM) own.registers.set(index, data);
    return "ok";
  },

  *synic_get_msr(vcpu: Vcpu, index: number, host: boolean): Task<bigint | "gp"> {
    const { own, sint } = to_synic(vcpu);
    rule("synic.inactive.only-zero-from-host");
    if (!own.active && !host) return "gp";
    const cell = sint[index - MSR.SINT0];
    if (cell === undefined) return own.registers.get(index) ?? "gp";
    yield cell.load;
    return cell.now;
  },

  /** Real guests write masked SINTs with vector 0: only what could be raised must be a good vector. */
  *synic_set_sint(vcpu: Vcpu, n: number, data: bigint, host: boolean): Task<"ok" | "gp"> {
    const cell = to_synic(vcpu).sint[n];
    if (cell === undefined) return "gp";
    rule("synic.sint.vector-min");
    if (synic_vector(data) < FIRST_VALID_VECTOR && !host && !synic_masked(data)) return "gp";

    yield cell.load;
    const old = cell.now;
    yield cell.store;
    cell.now = data;
    rule("synic.auto-eoi.old-vector-too");
    yield* synic.synic_update_vector(vcpu, synic_vector(old));
    yield* synic.synic_update_vector(vcpu, synic_vector(data));
    rule("synic.sint.rebuilds-eoi-exits");
    yield* requests.kvm_make_request(vcpu, "SCAN_IOAPIC");
    return "ok";
  },

  /** Several SINTs can share a vector, so what holds for it is asked of all of them. */
  *synic_update_vector(vcpu: Vcpu, vector: number): Task<void> {
    if (vector < FIRST_VALID_VECTOR) return;
    const { own } = to_synic(vcpu);
    put(own.vectors, vector, yield* synic.synic_has_vector_connected(vcpu, vector));
    const had = own.auto_eoi.size > 0;
    put(own.auto_eoi, vector, yield* synic.synic_has_vector_auto_eoi(vcpu, vector));
    const has = own.auto_eoi.size > 0;
    rule("synic.auto-eoi.counts-vcpus");
    if (had !== has) yield* synic.synic_count_auto_eoi(vcpu, has ? 1 : -1);
  },

  *synic_has_vector_connected(vcpu: Vcpu, vector: number): Task<boolean> {
    const { sint, sints } = to_synic(vcpu);
    yield sints;
    rule("synic.vector.any-unmasked-sint");
    return sint.some(({ now }) => synic_vector(now) === vector && !synic_masked(now));
  },

  *synic_has_vector_auto_eoi(vcpu: Vcpu, vector: number): Task<boolean> {
    const { sint, sints } = to_synic(vcpu);
    yield sints;
    rule("synic.auto-eoi.any-unmasked-sint");
    return sint.some(({ now }) => synic_vector(now) === vector && !synic_masked(now) && synic_auto_eoi(now));
  },

  /**
   * A vCPU gets its first AutoEOI vector, or loses its last. Count and inhibit change in one
   * critical section: else two vCPUs could each act on a count that the other has made old. The
   * guest's write is inside an SRCU section, so nothing here may wait for a memslot.
   */
  *synic_count_auto_eoi({ kvm }: Vcpu, change: 1 | -1): Task<void> {
    rule("synic.auto-eoi.counted-with-inhibit");
    if (!kvm.config.enable_apicv) return;
    const hv = to_hv(kvm);
    const { apicv_update_lock } = to_apicv(kvm);
    rule("synic.auto-eoi.no-memslot-change");
    rule("lock.srcu.no-slots-lock-inside");
    yield* down_write(apicv_update_lock);
    hv.synic_auto_eoi_used += change;
    yield* apicv.__kvm_set_or_clear_apicv_inhibit(kvm, "HYPERV", hv.synic_auto_eoi_used > 0);
    yield* up_write(apicv_update_lock);
  },
});

/**
 * Model-specific registers: the guest's accesses, which exit, and userspace's. Who owns a register
 * says what it does. Source: arch/x86/kvm/x86.c, kvm_emulate_wrmsr, msr_io.
 */
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { ops, type Task } from "../task";
import { run } from "./run";
import { vcpu_ioctl } from "./vcpu_ioctl";
import type { Vcpu } from "./types";

export const msr = ops("msr", {
  /** The guest executes WRMSR: "gp" is the fault that it takes. The exit runs inside the vCPU's SRCU section. */
  *wrmsr(vcpu: Vcpu, index: number, data: bigint): Task<unknown> {
    return yield* run.kvm_vcpu_ioctl_run(vcpu, { exit: () => msr.kvm_set_msr(vcpu, index, data, false) });
  },

  /** The guest executes RDMSR. */
  *rdmsr(vcpu: Vcpu, index: number): Task<unknown> {
    return yield* run.kvm_vcpu_ioctl_run(vcpu, { exit: () => msr.kvm_get_msr(vcpu, index, false) });
  },

  /** KVM_SET_MSRS with one entry: how many were set. */
  *kvm_set_msrs(vcpu: Vcpu, index: number, data: bigint): Task<number> {
    return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
      const idx = yield* srcu_read_lock(vcpu.kvm.kvm_srcu);
      const result = yield* msr.kvm_set_msr(vcpu, index, data, true);
      yield* srcu_read_unlock(vcpu.kvm.kvm_srcu, idx);
      return result === "ok" ? 1 : 0;
    });
  },

  /** KVM_GET_MSRS with one entry: its value, or how many could be read, which then is 0. */
  *kvm_get_msrs(vcpu: Vcpu, index: number): Task<bigint | 0> {
    return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
      const idx = yield* srcu_read_lock(vcpu.kvm.kvm_srcu);
      const value = yield* msr.kvm_get_msr(vcpu, index, true);
      yield* srcu_read_unlock(vcpu.kvm.kvm_srcu, idx);
      return value === "gp" ? 0 : value;
    });
  },

  *kvm_set_msr(vcpu: Vcpu, index: number, data: bigint, host: boolean): Task<"ok" | "gp"> {
    for (const chapter of vcpu.kvm.chapters) {
      const write = chapter.set_msr?.(vcpu, index, data, host);
      if (write) return yield* write;
    }
    return "gp";
  },

  *kvm_get_msr(vcpu: Vcpu, index: number, host: boolean): Task<bigint | "gp"> {
    for (const chapter of vcpu.kvm.chapters) {
      const read = chapter.get_msr?.(vcpu, index, host);
      if (read) return yield* read;
    }
    return "gp";
  },
});

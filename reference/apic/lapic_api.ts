/** What a case can ask of a local APIC and look at there: LDR, DFR, the IRR, and sending an IPI. */
import { per_vcpu, u64, vcpu_fd, type Api, type Args } from "../kvm/api";
import { run } from "../kvm/run";
import { guest_sends_ipi, guest_writes_apic, lapic, to_lapic } from "./lapic";
import type { ApicRegister, Icr } from "./x86_ops";

/** A register, as a number of 32 bits and as the hex string that a read gives. */
function u32(arg: unknown): number {
  return Number(BigInt.asUintN(32, u64(arg)));
}

function hex(register: number): string {
  return `0x${register.toString(16).padStart(8, "0")}`;
}

function icr_of({ vector, dest, mode }: Args): Icr {
  return { vector: Number(vector), dest: Number(u64(dest)), mode: mode as Icr["mode"] };
}

export const lapic_calls: Api["calls"] = {
  "guest.apic_write": (kvm, { vcpu, reg, value }) =>
    run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), guest_writes_apic(kvm, reg as ApicRegister, u32(value))),
  "guest.send_ipi": (kvm, args) => run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, args["vcpu"]), guest_sends_ipi(kvm, icr_of(args))),
  "vcpu.set_lapic": (kvm, { vcpu, reg, value }) => lapic.kvm_vcpu_ioctl_set_lapic(vcpu_fd(kvm, vcpu), reg as ApicRegister, u32(value)),
};

export const lapic_reads: Api["reads"] = {
  "vcpu.*.ldr": per_vcpu((vcpu) => hex(to_lapic(vcpu).regs.LDR.now)),
  "vcpu.*.dfr": per_vcpu((vcpu) => hex(to_lapic(vcpu).regs.DFR.now)),
  "vcpu.*.irr": per_vcpu((vcpu) => [...to_lapic(vcpu).regs.irr.now]),
};

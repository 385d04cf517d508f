/**
 * The local APIC that KVM emulates for a vCPU, as far as interrupts between vCPUs go, in xAPIC mode.
 * Source: arch/x86/kvm/lapic.c. Destinations are matched against every vCPU: the optimized map,
 * which gives the same answers sooner, is not modelled.
 */
import { requests } from "../kvm/requests";
import { vcpus } from "../kvm/vcpus";
import type { GuestAction, Kvm, Result, Vcpu } from "../kvm/types";
import { vcpu_ioctl } from "../kvm/vcpu_ioctl";
import { kmalloc } from "../sync/fault";
import { Cell, ops, rule, type Step, type Task } from "../task";
import { x86_ops, type ApicRegister, type Icr } from "./x86_ops";

/** The value of the DFR that means flat logical ids; every other means clusters. */
export const APIC_DFR_FLAT = 0xffffffff;
const APIC_LDR_MASK = 0xff000000;
const APIC_DFR_ONES = 0x0fffffff;
const APIC_BROADCAST = 0xff;

/** The page that holds a local APIC's registers; values are 32 bits, as the guest sees them. */
export interface RegisterPage {
  /** The id of the vCPU whose APIC this is. */
  readonly owner: number;
  readonly ID: Cell<number>;
  readonly LDR: Cell<number>;
  readonly DFR: Cell<number>;
  /** The vectors that are pending, in ascending order. */
  readonly irr: Cell<readonly number[]>;
  /** Sets a bit of the IRR, whoever does it: KVM or hardware. */
  readonly set_irr: Step;
}

export interface Lapic {
  readonly regs: RegisterPage;
  /** Whether the VM had an irqchip when this vCPU was created; else userspace has its APIC. */
  readonly in_kernel: boolean;
  /** Whether hardware virtualizes this APIC: changed only by the vCPU's own thread. */
  readonly apicv_active: Cell<boolean>;
}

export function to_lapic(vcpu: Vcpu): Lapic {
  return vcpu.arch["lapic"] as Lapic;
}

export function register_page(owner: number): RegisterPage {
  const irr = new Cell<readonly number[]>(`vcpu.${owner}.irr`, []);
  return {
    owner,
    ID: new Cell(`vcpu.${owner}.apic_id`, (owner << 24) >>> 0),
    LDR: new Cell(`vcpu.${owner}.ldr`, 0),
    DFR: new Cell(`vcpu.${owner}.dfr`, APIC_DFR_FLAT),
    irr,
    set_irr: irr.as("rmw", `vcpu.${owner}.irr.set`),
  };
}

/** The eight bits of a register in which ids and logical ids stand. */
export function high_byte(register: number): number {
  return register >>> 24;
}

/** What happens when the guest sends an IPI. */
export function guest_sends_ipi(kvm: Kvm, icr: Icr): GuestAction {
  return x86_ops(kvm).send_ipi?.(icr) ?? { exit: () => lapic.kvm_apic_send_ipi(kvm, icr) };
}

/** What happens when the guest writes a register of its APIC. */
export function guest_writes_apic(kvm: Kvm, register: ApicRegister, value: number): GuestAction {
  return x86_ops(kvm).apic_write?.(register, value) ?? { exit: (vcpu) => lapic.kvm_lapic_reg_write(vcpu, register, value) };
}

export const lapic = ops("lapic", {
  /** APICv is taken to be on until the first entry, whose pending request looks at the inhibits. */
  *kvm_create_lapic(vcpu: Vcpu): Task<Result> {
    const { kvm } = vcpu;
    rule("apicv.absent.until-irqchip");
    yield kvm.irqchip_mode.load;
    const in_kernel = kvm.irqchip_mode.now !== "none";
    if (in_kernel && !(yield* kmalloc())) return "ENOMEM";
    const active = in_kernel && kvm.config.enable_apicv;
    const apicv_active = new Cell(`vcpu.${vcpu.vcpu_id}.apicv_active`, active);
    vcpu.arch["lapic"] = { in_kernel, apicv_active, regs: register_page(vcpu.vcpu_id) } satisfies Lapic;
    if (active) yield* requests.kvm_make_request(vcpu, "APICV_UPDATE");
    return "ok";
  },

  /** Whether an interrupt waits for the guest to take it. */
  *kvm_apic_has_interrupt(vcpu: Vcpu): Task<boolean> {
    const vendor = x86_ops(vcpu.kvm);
    if (vendor.sync_pir_to_irr) yield* vendor.sync_pir_to_irr(vcpu);
    const { irr } = to_lapic(vcpu).regs;
    yield irr.load;
    return irr.now.length > 0;
  },

  *kvm_lapic_set_irr({ irr, set_irr }: RegisterPage, vector: number): Task<void> {
    yield set_irr;
    irr.now = [...new Set([...irr.now, vector])].sort((a, b) => a - b);
  },

  /** A write of a register as the guest does it: bits that do not exist are not kept. */
  *kvm_lapic_reg_write(vcpu: Vcpu, register: ApicRegister, value: number): Task<"ok"> {
    const cell = to_lapic(vcpu).regs[register];
    rule("avic.lapic.keeps-bits-that-exist");
    yield cell.store;
    cell.now = (register === "LDR" ? value & APIC_LDR_MASK : value | APIC_DFR_ONES) >>> 0;
    return "ok";
  },

  /** Emulates an IPI: every vCPU that can be found and matches gets it. */
  *kvm_apic_send_ipi(kvm: Kvm, icr: Icr): Task<"ok"> {
    for (const target of yield* vcpus.kvm_for_each_vcpu(kvm))
      if (yield* lapic.kvm_apic_match_dest(target, icr)) yield* lapic.deliver_interrupt(target, icr.vector);
    return "ok";
  },

  *kvm_apic_match_dest(vcpu: Vcpu, { dest, mode }: Icr): Task<boolean> {
    const { ID, LDR, DFR } = to_lapic(vcpu).regs;
    if (dest === APIC_BROADCAST) return true;
    if (mode === "physical") {
      yield ID.load;
      return high_byte(ID.now) === dest;
    }
    yield LDR.load;
    const logical_id = high_byte(LDR.now);
    yield DFR.load;
    if (DFR.now === APIC_DFR_FLAT) return (logical_id & dest) !== 0;
    return logical_id >> 4 === dest >> 4 && (logical_id & dest & 0xf) !== 0;
  },

  /** Makes an interrupt pending, and sees to it that the vCPU notices, wherever it is. */
  *deliver_interrupt(vcpu: Vcpu, vector: number): Task<void> {
    const vendor = x86_ops(vcpu.kvm);
    if (vendor.deliver_interrupt) yield* vendor.deliver_interrupt(vcpu, vector);
    else yield* lapic.deliver_by_request(vcpu, vector);
  },

  *deliver_by_request(vcpu: Vcpu, vector: number): Task<void> {
    yield* lapic.kvm_lapic_set_irr(to_lapic(vcpu).regs, vector);
    yield* lapic.notice_by_request(vcpu);
  },

  /** Without hardware that looks at the IRR, the vCPU must do so before it enters the guest again. */
  *notice_by_request(vcpu: Vcpu): Task<void> {
    yield* requests.kvm_make_request(vcpu, "EVENT");
    yield* requests.kvm_vcpu_kick(vcpu);
  },

  /** KVM_SET_LAPIC with what KVM_GET_LAPIC gave and one register changed: kept as it is. */
  *kvm_vcpu_ioctl_set_lapic(vcpu: Vcpu, register: ApicRegister, value: number): Task<"ok"> {
    return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
      const cell = to_lapic(vcpu).regs[register];
      yield cell.store;
      cell.now = value;
      const vendor = x86_ops(vcpu.kvm);
      if (vendor.apicv_post_state_restore) yield* vendor.apicv_post_state_restore(vcpu);
      return "ok" as const;
    });
  },
});

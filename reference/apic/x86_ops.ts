/**
 * What the vendor's module hands to generic x86 code, `kvm_x86_ops`: registered when a VM is made,
 * since a machine can have a VM of either vendor. Source: arch/x86/include/asm/kvm_host.h.
 */
import type { GuestAction, Kvm, Vcpu } from "../kvm/types";
import type { Task } from "../task";

/** Why APICv is off, in the order of their bits; the numbers moved between versions, the names did not. */
export const INHIBITS = [
  "DISABLE",
  "HYPERV",
  "ABSENT",
  "BLOCKIRQ",
  "PHYSICAL_ID_ALIASED",
  "APIC_ID_MODIFIED",
  "APIC_BASE_MODIFIED",
  "NESTED",
  "IRQWIN",
  "PIT_REINJ",
  "SEV",
  "LOGICAL_ID_ALIASED",
  "PHYSICAL_ID_TOO_BIG",
] as const;

export type Inhibit = (typeof INHIBITS)[number];

/** The registers that a case can write. */
export type ApicRegister = "LDR" | "DFR";

/** How the guest reaches its APIC: by memory at 0xfee00000, or by MSRs. */
export type ApicMode = "xapic" | "x2apic";

/** An interrupt command, taken apart; `dest` is the eight bits of an xAPIC destination. */
export interface Icr {
  readonly vector: number;
  readonly dest: number;
  readonly mode: "physical" | "logical";
}

export interface X86Ops {
  /** The reasons that this vendor's hardware cares about: all others are no reason at all. */
  readonly required_apicv_inhibits: ReadonlySet<Inhibit>;
  /** The vCPU's `apicv_active` has changed: make the hardware follow. Preemption is off. */
  readonly refresh_apicv_exec_ctrl?: (vcpu: Vcpu) => Task<void>;
  /** The page behind 0xfee00000 may have moved: only where the hardware is told its address. */
  readonly set_apic_access_page_addr?: (vcpu: Vcpu) => Task<void>;
  /** The guest has switched its APIC to another mode. */
  readonly set_virtual_apic_mode?: (vcpu: Vcpu, mode: ApicMode) => Task<void>;
  /** APICv stays on in x2APIC mode although hardware cannot virtualize that: then nobody may have the page. */
  readonly gives_page_up_for_x2apic?: boolean;
  /** Makes an interrupt pending, and the vCPU notice. Without it, in the IRR and by request. */
  readonly deliver_interrupt?: (vcpu: Vcpu, vector: number) => Task<void>;
  /** Takes into the IRR what hardware has made pending elsewhere. */
  readonly sync_pir_to_irr?: (vcpu: Vcpu) => Task<void>;
  /** Userspace has replaced the registers of the vCPU's APIC. */
  readonly apicv_post_state_restore?: (vcpu: Vcpu) => Task<void>;
  /** The guest writes the interrupt command register, or another. Without it, the access exits and is emulated. */
  readonly send_ipi?: (icr: Icr) => GuestAction;
  readonly apic_write?: (register: ApicRegister, value: number) => GuestAction;
}

/** Called by a vendor chapter's `vm_init`. */
export function kvm_ops_update(kvm: Kvm, ops: X86Ops): void {
  kvm.arch["x86_ops"] = ops;
}

/** The vendor's operations; without a vendor, of generic x86, nothing inhibits what is never on. */
export function x86_ops(kvm: Kvm): X86Ops {
  return (kvm.arch["x86_ops"] as X86Ops | undefined) ?? NONE;
}

const NONE: X86Ops = { required_apicv_inhibits: new Set() };

/** The local APIC that KVM emulates for a vCPU. Source: arch/x86/kvm/lapic.c. */
import { requests } from "../kvm/requests";
import type { Vcpu } from "../kvm/types";
import { Cell, ops, type Task } from "../task";

export interface Lapic {
  /** Whether the VM had an irqchip when this vCPU was created; else userspace has its APIC. */
  readonly in_kernel: boolean;
  /** Whether hardware virtualizes this APIC: changed only by the vCPU's own thread. */
  readonly apicv_active: Cell<boolean>;
}

export function to_lapic(vcpu: Vcpu): Lapic {
  return vcpu.arch["lapic"] as Lapic;
}

export const lapic = ops("lapic", {
  /** APICv is taken to be on until the first entry, whose pending request looks at the inhibits. */
  *kvm_create_lapic(vcpu: Vcpu): Task<void> {
    const { kvm } = vcpu;
    yield kvm.irqchip_mode.load;
    const in_kernel = kvm.irqchip_mode.now !== "none";
    const active = in_kernel && kvm.config.enable_apicv;
    vcpu.arch["lapic"] = { in_kernel, apicv_active: new Cell(`vcpu.${vcpu.vcpu_id}.apicv_active`, active) } satisfies Lapic;
    if (active) yield* requests.kvm_make_request(vcpu, "APICV_UPDATE");
  },
});

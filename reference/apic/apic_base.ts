/**
 * The mode of a vCPU's APIC, as IA32_APIC_BASE has it: registers in memory, or as MSRs. Source:
 * arch/x86/kvm/lapic.c, kvm_lapic_set_base; arch/x86/kvm/x86.c, kvm_vcpu_update_apicv.
 */
import { requests } from "../kvm/requests";
import type { Vcpu } from "../kvm/types";
import { guarded, ops, type Task } from "../task";
import { access_page } from "./access_page";
import { x86_ops, type ApicMode } from "./x86_ops";

interface ApicBase {
  /** Guarded by the vCPU's mutex: only its own thread changes it. */
  mode: ApicMode;
}

function to_apic_base(vcpu: Vcpu): ApicBase {
  return vcpu.arch["apic_base"] as ApicBase;
}

export function apic_base_init(vcpu: Vcpu): void {
  vcpu.arch["apic_base"] = guarded(vcpu.mutex, { mode: "xapic" } satisfies ApicBase as ApicBase);
}

export const apic_base = ops("apic_base", {
  /** The guest has written IA32_APIC_BASE, once or, by way of the disabled APIC, twice. */
  *kvm_lapic_set_base(vcpu: Vcpu, mode: ApicMode): Task<"ok"> {
    const base = to_apic_base(vcpu);
    if (base.mode === mode) return "ok";
    base.mode = mode;
    yield* requests.kvm_make_request(vcpu, "APICV_UPDATE");
    const { set_virtual_apic_mode } = x86_ops(vcpu.kvm);
    if (set_virtual_apic_mode) yield* set_virtual_apic_mode(vcpu, mode);
    return "ok";
  },

  /**
   * All vCPUs share one set of page tables. Where hardware does not virtualize x2APIC and APICv is on
   * all the same, for the sake of posting, one vCPU in that mode takes the page from all, for good.
   */
  *kvm_vcpu_update_apicv(vcpu: Vcpu): Task<void> {
    if (to_apic_base(vcpu).mode === "x2apic" && x86_ops(vcpu.kvm).gives_page_up_for_x2apic === true)
      yield* access_page.kvm_inhibit_apic_access_page(vcpu);
  },
});

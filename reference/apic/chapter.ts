/** The local APIC and APIC virtualization that can be inhibited. */
import { per_vcpu, per_vm, type Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";
import { apicv, kvm_apicv_init, to_apicv } from "./apicv";
import { lapic, to_lapic } from "./lapic";

export const apic_chapter: Chapter = {
  name: "apic",
  vm_init: kvm_apicv_init,
  given: (kvm) => apicv.settle(kvm),
  *vcpu_create(vcpu) {
    yield* lapic.kvm_create_lapic(vcpu);
    return "ok";
  },
  requests: { APICV_UPDATE: (vcpu) => apicv.kvm_vcpu_update_apicv(vcpu) },
};

export const apic_api: Api = {
  features: ["apicv", "apic_access_page"],
  calls: {},
  reads: {
    "apicv.inhibits": per_vm((kvm) => [...to_apicv(kvm).inhibits.now]),
    "apicv.inhibited": per_vm((kvm) => to_apicv(kvm).inhibits.now.length > 0),
    "vcpu.*.apicv_active": per_vcpu((vcpu) => to_lapic(vcpu).apicv_active.now),
  },
};

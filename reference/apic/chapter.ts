/** The local APIC and APIC virtualization that can be inhibited. */
import { per_vcpu, per_vm, type Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";
import { access_page, access_page_init, access_page_reads } from "./access_page";
import { apicv, kvm_apicv_init, to_apicv } from "./apicv";
import { lapic, to_lapic } from "./lapic";

export const apic_chapter: Chapter = {
  name: "apic",
  vm_init(kvm) {
    kvm_apicv_init(kvm);
    access_page_init(kvm);
  },
  *given(kvm, given) {
    yield* apicv.settle(kvm);
    yield* access_page.settle(kvm, given.apic_page_mapped);
  },
  *vcpu_create(vcpu) {
    yield* lapic.kvm_create_lapic(vcpu);
    return "ok";
  },
  requests: {
    APIC_PAGE_RELOAD: (vcpu) => access_page.kvm_vcpu_reload_apic_access_page(vcpu),
    APICV_UPDATE: (vcpu) => apicv.kvm_vcpu_update_apicv(vcpu),
  },
  unmap_gfn_range: (kvm, gfns) => access_page.kvm_unmap_gfn_range(kvm, gfns),
};

export const apic_api: Api = {
  features: ["apicv", "apic_access_page"],
  calls: {},
  reads: {
    ...access_page_reads,
    "apicv.inhibits": per_vm((kvm) => [...to_apicv(kvm).inhibits.now]),
    "apicv.inhibited": per_vm((kvm) => to_apicv(kvm).inhibits.now.length > 0),
    "vcpu.*.apicv_active": per_vcpu((vcpu) => to_lapic(vcpu).apicv_active.now),
  },
};

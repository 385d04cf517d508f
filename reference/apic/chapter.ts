/** The local APIC and APIC virtualization that can be inhibited. */
import { per_vcpu, per_vm, u64, vcpu_fd, type Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";
import { access_page, access_page_init } from "./access_page";
import { access_page_calls, access_page_reads } from "./access_page_api";
import { apic_base, apic_base_init } from "./apic_base";
import { apicv, kvm_apicv_init, to_apicv } from "./apicv";
import { guest_debug, guest_debug_init } from "./guest_debug";
import { i8254, pit_init } from "./i8254";
import { irq_routing, irq_routing_init, to_irq_routing } from "./irq_routing";
import { lapic, to_lapic } from "./lapic";
import { lapic_calls, lapic_reads } from "./lapic_api";

export const apic_chapter: Chapter = {
  name: "apic",
  vm_init(kvm) {
    kvm_apicv_init(kvm);
    access_page_init(kvm);
    pit_init(kvm);
    irq_routing_init(kvm);
  },
  irqchip_create: (kvm) => irq_routing.kvm_setup_default_irq_routing(kvm),
  irqchip_created: (kvm) => apicv.kvm_arch_irqchip_created(kvm),
  *given(kvm, given) {
    yield* apicv.settle(kvm);
    yield* access_page.settle(kvm, given.apic_page_mapped);
  },
  *vcpu_create(vcpu) {
    guest_debug_init(vcpu);
    apic_base_init(vcpu);
    return yield* lapic.kvm_create_lapic(vcpu);
  },
  has_events: (vcpu) => lapic.kvm_apic_has_interrupt(vcpu),
  requests: {
    APIC_PAGE_RELOAD: (vcpu) => access_page.kvm_vcpu_reload_apic_access_page(vcpu),
    *APICV_UPDATE(vcpu) {
      yield* apic_base.kvm_vcpu_update_apicv(vcpu);
      yield* apicv.kvm_vcpu_update_apicv(vcpu);
    },
  },
  unmap_gfn_range: (kvm, gfns) => access_page.kvm_unmap_gfn_range(kvm, gfns),
  emulates: (kvm, slot) => access_page.is_invisible(kvm, slot),
};

export const apic_api: Api = {
  features: ["apicv", "apic_access_page"],
  events: ["apicv.inhibits.stored", "vcpu.*.irr.set", "irq_routing.published", "irq_routing.freed"],
  calls: {
    ...lapic_calls,
    ...access_page_calls,
    "vm.create_pit2": (kvm) => i8254.kvm_vm_ioctl_create_pit2(kvm),
    "vm.set_gsi_routing": (kvm, { gsi, vcpu, vector }) =>
      irq_routing.kvm_set_irq_routing(kvm, [{ gsi: Number(u64(gsi)), vcpu_id: Number(vcpu), vector: Number(vector) }]),
    "vm.irq_line": (kvm, { gsi }) => irq_routing.kvm_set_irq(kvm, Number(u64(gsi))),
    "vcpu.set_guest_debug": (kvm, args) =>
      guest_debug.kvm_vcpu_ioctl_set_guest_debug(vcpu_fd(kvm, args["vcpu"]), args["block_irq"] === true),
  },
  reads: {
    ...access_page_reads,
    ...lapic_reads,
    "irq_routing.tables": per_vm((kvm) => to_irq_routing(kvm).allocated.now.size),
    "apicv.inhibits": per_vm((kvm) => [...to_apicv(kvm).inhibits.now]),
    "apicv.inhibited": per_vm((kvm) => to_apicv(kvm).inhibits.now.length > 0),
    "vcpu.*.apicv_active": per_vcpu((vcpu) => to_lapic(vcpu).apicv_active.now),
  },
};

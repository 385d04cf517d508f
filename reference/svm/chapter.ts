/** What is peculiar to AMD: AVIC and its tables. */
import { access_page } from "../apic/access_page";
import { apicv } from "../apic/apicv";
import { kvm_ops_update } from "../apic/x86_ops";
import { nth, per_vcpu, per_vm, type Api, type Reader } from "../kvm/api";
import type { Chapter, Kvm } from "../kvm/types";
import type { Value } from "../../spec/generated/types";
import { avic } from "./avic";
import { kvm_svm_init, table_entry, to_vcpu_svm } from "./avic_tables";
import type { EntryTable, KvmSvm, LogicalEntry, PhysicalEntry, Vmcb } from "./avic_tables";
import { svm_ops_of } from "./x86_ops";

export const svm_chapter: Chapter = {
  name: "svm",
  vm_init(kvm) {
    kvm_ops_update(kvm, svm_ops_of(kvm.config));
    kvm_svm_init(kvm);
  },
  vcpu_precreate: (kvm) => avic.avic_alloc_physical_id_table(kvm),
  *vcpu_create(vcpu) {
    const { kvm } = vcpu;
    const made = (yield* apicv.kvm_apicv_activated(kvm)) ? yield* access_page.kvm_alloc_apic_access_page(kvm) : "ok";
    return made === "ok" ? yield* avic.avic_init_vcpu(vcpu) : made;
  },
  vcpu_destroy: (vcpu) => avic.avic_vcpu_free(vcpu),
  vcpu_load: (vcpu) => avic.svm_vcpu_load(vcpu),
  vcpu_put: (vcpu) => avic.svm_vcpu_put(vcpu),
  vcpu_blocking: (vcpu) => avic.avic_vcpu_blocking(vcpu),
  vcpu_unblocking: (vcpu) => avic.avic_vcpu_unblocking(vcpu),
};

/** The tables, if this VM is SVM's. */
function tables(kvm: Kvm): KvmSvm | undefined {
  return kvm.arch["svm"] as KvmSvm | undefined;
}

/** A read of each entry of a table that a VM may have. */
function per_entry<E>(table: (kvm: Kvm) => EntryTable<E> | undefined, of: (entry: E) => Value): Reader {
  return {
    instances: (kvm) => [...(table(kvm)?.cells.keys() ?? [])].map(nth),
    of: (kvm, [index]) => {
      const found = table(kvm);
      if (found === undefined) throw new Error("there is no such table yet");
      return of(table_entry(found, Number(index)).now);
    },
  };
}

function per_physical_entry(of: (entry: PhysicalEntry) => Value): Reader {
  return per_entry((kvm) => tables(kvm)?.physical_id_table.now, of);
}

function per_logical_entry(of: (entry: LogicalEntry) => Value): Reader {
  return per_entry((kvm) => tables(kvm)?.logical_id_table, of);
}

function per_vmcb(of: (vmcb: Vmcb) => Value): Reader {
  const { instances, ...reader } = per_vcpu((vcpu) => of(to_vcpu_svm(vcpu).vmcb));
  return { ...reader, instances: (kvm) => (tables(kvm) === undefined ? [] : (instances?.(kvm) ?? [])) };
}

/** How many vCPUs are named by more than one valid logical entry. */
function named_twice(kvm: Kvm): number {
  const entries = [...(tables(kvm)?.logical_id_table.cells.values() ?? [])];
  const ids = entries.flatMap(({ now }) => (now.valid ? [now.guest_physical_id] : []));
  return new Set(ids.filter((id, i) => ids.indexOf(id) !== i)).size;
}

export const svm_api: Api = {
  features: ["avic"],
  calls: {},
  reads: {
    "avic.physical.*.valid": per_physical_entry(({ valid }) => valid),
    "avic.physical.*.owner": per_physical_entry(({ backing_page }) => backing_page?.owner ?? "none"),
    "avic.physical.*.is_running": per_physical_entry(({ is_running }) => is_running),
    "avic.physical.*.host": per_physical_entry(({ host_physical_id }) => host_physical_id),
    "avic.logical.*.target": per_logical_entry(({ valid, guest_physical_id }) => (valid ? guest_physical_id : "none")),
    "avic.logical_named_twice": per_vm(named_twice),
    "vcpu.*.vmcb.avic_enable": per_vmcb(({ avic_enable }) => avic_enable),
    "vcpu.*.vmcb.avic_max_index": per_vmcb(({ avic_physical_max_index }) => avic_physical_max_index),
  },
};

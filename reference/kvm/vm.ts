/** KVM_CREATE_VM: a VM with its locks, empty tables, and what each chapter adds. */
import type { Given } from "../../spec/generated/types";
import { Mutex } from "../sync/mutex";
import { ReadersWriter } from "../sync/rwlock";
import { SpinLock } from "../sync/spinlock";
import { Srcu } from "../sync/srcu";
import type { ClassGraph } from "../sync/lockdep";
import { Cell, guarded } from "../task";
import { vcpu_slot } from "./create_vcpu";
import { host_mm_of } from "./host_mm";
import { memslots_of } from "./memslots";
import { mmu_of } from "./mmu";
import { notifier_of } from "./mmu_notifier";
import { pfn_caches_of } from "./pfncache";
import type { Chapter, Config, Kvm, Limit } from "./types";

/** The newest kernel's limits; cases take them from `hello`, never from here. */
export const KVM_MAX_VCPU_IDS = 4096;
export const KVM_MAX_VCPUS = 1024;

/** The slots that a VM begins with, empty. */
const VCPU_SLOTS = 8;

/** The VM is some time old when a case begins: a runstate whose entry time is 0 was never set. */
const BOOT_NS = 1000n;

export function config_of({ backend: given, module, lacks = [] }: Given): Config {
  const backend = given === "any" ? "vmx" : given;
  return {
    backend,
    max_vcpu_id: KVM_MAX_VCPU_IDS,
    max_vcpus: KVM_MAX_VCPUS,
    enable_apicv: backend !== "none" && (module?.enable_apicv ?? true) && !lacks.includes("secondary_controls"),
    enable_ipiv: backend === "vmx" && (module?.enable_ipiv ?? true),
    lacks: new Set(lacks),
    flexpriority: backend === "vmx" && (module?.flexpriority ?? true),
    x2avic: backend === "svm" && (module?.x2avic ?? true),
  };
}

export function create_vm(config: Config, chapters: readonly Chapter[]): Kvm {
  const graph: ClassGraph = new Map();
  const kvm_lock = new Mutex("kvm_lock", "kvm_lock", graph);
  const mmu_lock = new ReadersWriter("mmu_lock", "mmu_lock", graph);
  const mn_invalidate_lock = new SpinLock("mn_invalidate_lock", "mn_invalidate_lock", graph);
  return {
    config,
    chapters,
    kvm_lock,
    slots_lock: new Mutex("slots_lock", "slots_lock", graph),
    slots_arch_lock: new Mutex("slots_arch_lock", "slots_arch_lock", graph),
    irq_lock: new Mutex("irq_lock", "irq_lock", graph),
    mmu_lock,
    mn_invalidate_lock,
    rq_lock: new SpinLock("rq_lock", "rq_lock", graph),
    kvm_srcu: new Srcu("kvm_srcu", "kvm_srcu", graph),
    irq_srcu: new Srcu("irq_srcu", "irq_srcu", graph),
    locked: guarded(kvm_lock, { created_vcpus: 0, bsp_vcpu_id: 0, vcpu_ids: new Set<number>() }),
    limit: limit_of(),
    irqchip_mode: new Cell("vm.irqchip_mode", "none"),
    online_vcpus: new Cell("vm.online_vcpus", 0),
    vcpu_array: Array.from({ length: VCPU_SLOTS }, (_, i) => vcpu_slot(i)),
    memslots: memslots_of(),
    notifier: notifier_of(mmu_lock),
    gpcs: pfn_caches_of(graph),
    mm: host_mm_of(),
    mmu: mmu_of(),
    clock: new Cell("clock.ns", BOOT_NS),
    arch: {},
  };
}

function limit_of(): Limit {
  const max_vcpu_ids = new Cell("vm.max_vcpu_ids", 0);
  return { max_vcpu_ids, set: max_vcpu_ids.as("store", "vm.max_vcpu_ids.set") };
}

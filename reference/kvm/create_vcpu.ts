/**
 * KVM_CREATE_VCPU and the limit that it is judged by. Source: virt/kvm/kvm_main.c,
 * kvm_vm_ioctl_create_vcpu; arch/x86/kvm/x86.c, kvm_arch_vcpu_precreate.
 */
import { Pcpu } from "../sync/ipi";
import { kmalloc } from "../sync/fault";
import { Mutex, mutex_lock, mutex_unlock } from "../sync/mutex";
import { WaitQueue } from "../sync/wait";
import { Cell, guarded, ops, rule, type Task } from "../task";
import { tlb_of } from "./mmu";
import { request_bits } from "./requests";
import type { Kvm, Mode, Result, Vcpu } from "./types";

export const create_vcpu = ops("create_vcpu", {
  /** `id` is the ioctl's whole 64-bit argument. */
  *kvm_vm_ioctl_create_vcpu(kvm: Kvm, id: bigint): Task<Result> {
    rule("vcpuid.id.full-width");
    rule("vcpuid.id.refused-before-the-latch");
    if (id >= BigInt(kvm.config.max_vcpu_id)) return "EINVAL";

    const vcpu_id = Number(id);
    rule("ipiv.entry.survives-a-duplicate");
    const reserved = yield* create_vcpu.reserve(kvm, vcpu_id);
    if (reserved !== "ok") return reserved;

    rule("vcpuid.create.one-critical-section");
    const vcpu = vcpu_of(kvm, vcpu_id);
    let result = yield* create_vcpu.build(vcpu);
    if (result === "ok") result = yield* create_vcpu.publish(vcpu);
    if (result !== "ok") {
      yield* create_vcpu.kvm_vcpu_destroy(vcpu);
      yield* create_vcpu.give_back(kvm, vcpu_id);
    }
    return result;
  },

  /** One critical section: the count, the id, the hook that sizes what the limit sizes, the increment. */
  *reserve(kvm: Kvm, vcpu_id: number): Task<Result> {
    rule("vcpuid.create.one-critical-section");
    yield* mutex_lock(kvm.kvm_lock);
    const result = yield* create_vcpu.claim_id(kvm, vcpu_id);
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },

  /** Counts the vCPU and takes its id, last of all, so that no refusal has anything to give back. */
  *claim_id(kvm: Kvm, vcpu_id: number): Task<Result> {
    const { locked, config } = kvm;
    rule("vcpuid.create.count-judged-first");
    if (locked.created_vcpus >= config.max_vcpus) return "EINVAL";
    rule("vcpuid.id.duplicate-refused");
    if (locked.vcpu_ids.has(vcpu_id)) return "EEXIST";
    const allowed = yield* create_vcpu.kvm_arch_vcpu_precreate(kvm, vcpu_id);
    rule("vcpuid.create.failure-gives-back");
    if (allowed !== "ok") return allowed;
    rule("vcpuid.create.counted-before-found");
    locked.created_vcpus++;
    locked.vcpu_ids.add(vcpu_id);
    return "ok";
  },

  /** Under kvm_lock. What is sized by the limit comes after the limit is fixed. */
  *kvm_arch_vcpu_precreate(kvm: Kvm, vcpu_id: number): Task<Result> {
    const limit = yield* create_vcpu.latch_default_limit(kvm);
    rule("vcpuid.limit.exclusive");
    if (vcpu_id >= limit) return "EINVAL";
    for (const chapter of kvm.chapters) {
      const result = chapter.vcpu_precreate === undefined ? "ok" : yield* chapter.vcpu_precreate(kvm);
      if (result !== "ok") return result;
    }
    return "ok";
  },

  /** The VM's limit, from now on for ever: the static ceiling, unless userspace was first. */
  *latch_default_limit({ limit: { max_vcpu_ids, set }, config }: Kvm): Task<number> {
    yield max_vcpu_ids.load;
    if (max_vcpu_ids.now !== 0) return max_vcpu_ids.now;
    rule("vcpuid.limit.first-vcpu-latches");
    yield set;
    max_vcpu_ids.now = config.max_vcpu_id;
    return config.max_vcpu_id;
  },

  /** Everything that needs no lock, since nobody can find the vCPU yet. */
  *build(vcpu: Vcpu): Task<Result> {
    if (!(yield* kmalloc())) return "ENOMEM";
    for (const chapter of vcpu.kvm.chapters) {
      const result = chapter.vcpu_create === undefined ? "ok" : yield* chapter.vcpu_create(vcpu);
      if (result !== "ok") return result;
    }
    return "ok";
  },

  /** Whatever leads to the vCPU goes before its memory does: the hardware of others asks nobody. */
  *kvm_vcpu_destroy(vcpu: Vcpu): Task<void> {
    rule("ipiv.entry.goes-before-its-vcpu");
    for (const chapter of vcpu.kvm.chapters) if (chapter.vcpu_destroy) yield* chapter.vcpu_destroy(vcpu);
    yield vcpu.freed.store;
    vcpu.freed.now = true;
  },

  /** The limit stays latched: what was sized by it may be in use by another vCPU already. */
  *give_back(kvm: Kvm, vcpu_id: number): Task<void> {
    rule("vcpuid.create.failure-gives-back");
    rule("vcpuid.limit.outlives-a-failed-creation");
    yield* mutex_lock(kvm.kvm_lock);
    kvm.locked.created_vcpus--;
    kvm.locked.vcpu_ids.delete(vcpu_id);
    yield* mutex_unlock(kvm.kvm_lock);
  },

  *publish(vcpu: Vcpu): Task<Result> {
    const { kvm } = vcpu;
    rule("lock.order.kvm-lock-first");
    rule("lock.srcu.no-kvm-lock-inside");
    rule("vcpuid.create.slot-before-count");
    rule("vcpuid.create.published-with-its-mutex");
    yield* mutex_lock(kvm.kvm_lock);
    yield* mutex_lock(vcpu.mutex);
    const result = yield* create_vcpu.install(vcpu);
    yield* mutex_unlock(vcpu.mutex);
    yield* mutex_unlock(kvm.kvm_lock);
    return result;
  },

  /**
   * First the file descriptor, which there may be no memory for: after that nothing fails. The slot
   * is stored before the count grows: who sees the count finds the vCPU.
   */
  *install(vcpu: Vcpu): Task<Result> {
    const { online_vcpus, vcpu_array } = vcpu.kvm;
    if (!(yield* kmalloc())) return "ENOMEM";
    yield online_vcpus.load;
    const index = online_vcpus.now;
    const slot = (vcpu_array[index] ??= vcpu_slot(index));
    rule("vcpuid.create.slot-before-count");
    yield slot.store;
    slot.now = vcpu;
    yield online_vcpus.as("rmw", `vm.vcpus.published.${index + 1}`);
    online_vcpus.now++;
    return "ok";
  },

  /** The last reference to the file descriptor goes; the vCPU and its id live as long as the VM. */
  *kvm_vcpu_release(vcpu: Vcpu): Task<"ok"> {
    rule("vcpuid.id.outlives-its-fd");
    yield vcpu.fd_open.store;
    vcpu.fd_open.now = false;
    return "ok";
  },
});

/** Where the vCPU that is published as number `index` will be found. */
export function vcpu_slot(index: number): Cell<Vcpu | undefined> {
  return new Cell<Vcpu | undefined>(`vm.vcpu_array.${index}`, undefined);
}

/** A vCPU as it is before anything was built for it. */
export function vcpu_of(kvm: Kvm, vcpu_id: number): Vcpu {
  const name = `vcpu.${vcpu_id}`;
  const in_guest = new Cell(`${name}.in_guest`, false);
  const mode = new Cell<Mode>(`${name}.mode`, "OUTSIDE_GUEST_MODE");
  const mutex = new Mutex(`${name}.vcpu_mutex`, "vcpu_mutex", kvm.kvm_lock.graph);
  return {
    kvm,
    vcpu_id,
    mutex,
    fd_open: new Cell(`${name}.fd_open`, true),
    freed: new Cell(`${name}.freed`, false),
    pcpu: new Pcpu(`${name}.cpu`),
    wait: new WaitQueue(`${name}.wait`),
    blocking: new Cell(`${name}.blocking`, false),
    mode,
    look_at_mode: mode.as("rmw", `${name}.mode.looked_at`),
    in_guest,
    enter: in_guest.as("store", `${name}.entered`),
    ...request_bits(vcpu_id),
    tlb: tlb_of(name),
    run: guarded(mutex, { srcu: undefined, retry: undefined, seen: [] }),
    arch: {},
  };
}

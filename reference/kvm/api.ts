/** What the generic chapter lets a case ask for and look at. */
import { block } from "./block";
import { boot_cpu } from "./boot_cpu";
import { capabilities, type Cap } from "./capabilities";
import { clock } from "./clock";
import { create_vcpu } from "./create_vcpu";
import { destroy_vm } from "./destroy_vm";
import { host_mm, host_mm_of, hva_of } from "./host_mm";
import { irqchip } from "./irqchip";
import type { HostMm, HvaRange } from "./memory";
import { memslots } from "./memslots";
import { migration } from "./migration";
import { mmu_notifier } from "./mmu_notifier";
import { page_fault } from "./page_fault";
import { requests } from "./requests";
import { msr } from "./msr";
import { run } from "./run";
import { sched } from "./sched";
import { vm_ioctl } from "./vm_ioctl";
import type { CallName, EventPattern, FeatureName, ReadPattern, Value } from "../../spec/generated/types";
import type { Task } from "../task";
import { REQUESTS, type Kvm, type RequestName, type Result, type Vcpu } from "./types";

/** The arguments of a call, checked by the runner: numbers are numbers or hex strings. */
export type Args = Readonly<Record<string, unknown>>;

/** What one chapter offers at the door. Every table is by the names in spec/. */
export interface Api {
  readonly features: readonly FeatureName[];
  /** The events that its steps carry. */
  readonly events?: readonly EventPattern[];
  readonly calls: { readonly [name in CallName]?: (kvm: Kvm, args: Args) => Task<unknown> };
  readonly reads: { readonly [name in ReadPattern]?: Reader };
}

/** What the `*` of a read stand for. The same is always the same array: so a name is made of it once. */
export type Instance = readonly string[];

/** How one read is answered; `instances` says what its `*` stand for, `of` is told one such. */
export interface Reader {
  readonly instances?: (kvm: Kvm) => readonly Instance[];
  readonly of: (kvm: Kvm, instance: Instance) => Value;
}

/** The results of a function of one argument, each found once. */
export function once<Arg, Result>(find: (arg: Arg) => Result): (arg: Arg) => Result {
  const found = new Map<Arg, Result>();
  return (arg) => {
    let result = found.get(arg);
    if (result === undefined) found.set(arg, (result = find(arg)));
    return result;
  };
}

/** The instance with this number. */
export const nth = once((n: number): Instance => [String(n)]);

/** So many instances, numbered from 0. */
export const first = once((count: number): readonly Instance[] => Array.from({ length: count }, (_, n) => nth(n)));

/** A number argument at its full width. */
export function u64(arg: unknown): bigint {
  if (typeof arg !== "number" && typeof arg !== "string") throw new Error(`not a number: ${String(arg)}`);
  return BigInt(arg);
}

/** A number of 64 bits as the dialogue writes it. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** The same of what a call gives back, if it is a number of 64 bits. */
function* shown(task: Task<unknown>): Task<unknown> {
  const value = yield* task;
  return typeof value === "bigint" ? hex(value) : value;
}

/** The frame of an address argument. */
function gfn(address: unknown): number {
  return Number(u64(address) >> 12n);
}

/** The host pages behind a range of guest addresses. */
function hvas({ gpa, size }: Args): HvaRange {
  const start = hva_of(gfn(gpa));
  return { start, end: start + gfn(size) };
}

/** A frame as the address of its first byte. */
export const address_of = once((frame: number | undefined) => (frame === undefined ? "none" : `0x${(frame * 4096).toString(16)}`));

/** Thrown when a call names a vCPU that nobody has a file descriptor of. */
export class BadFd extends Error {}

/** The vCPU with this id, as its file descriptor would name it: published, and not closed. */
export function vcpu_fd(kvm: Kvm, id: unknown): Vcpu {
  const vcpu = published(kvm, Number(id));
  if (vcpu?.fd_open.now !== true) throw new BadFd(`nobody has a file descriptor of vCPU ${String(id)}`);
  return vcpu;
}

function published(kvm: Kvm, id: number): Vcpu | undefined {
  for (const { now } of kvm.vcpu_array) if (now?.vcpu_id === id) return now;
  return undefined;
}

/** A read of each vCPU. */
export function per_vcpu(of: (vcpu: Vcpu) => Value): Reader {
  return {
    instances: every_vcpu,
    of: (kvm, [id]) => {
      const vcpu = published(kvm, Number(id));
      if (vcpu === undefined) throw new Error(`there is no vCPU ${String(id)} to look at`);
      return of(vcpu);
    },
  };
}

function ids({ vcpu_array, online_vcpus }: Kvm): number[] {
  const found: number[] = [];
  for (let i = 0; i < online_vcpus.now; i++) {
    const vcpu = vcpu_array[i]?.now;
    if (vcpu !== undefined) found.push(vcpu.vcpu_id);
  }
  return found;
}

function every_vcpu(kvm: Kvm): readonly Instance[] {
  return ids(kvm).map(nth);
}

const requests_of = once((id: number) => REQUESTS.map((name): Instance => [String(id), name]));

/** Which requests of which vCPUs are pending. */
const request_reader: Reader = {
  instances: (kvm) => ([] as Instance[]).concat(...ids(kvm).map(requests_of)),
  of: (kvm, [id, name]) => per_vcpu((vcpu) => vcpu.requests[name as RequestName].now).of(kvm, [id ?? ""]),
};

/** KVM_CREATE_VCPU by the process with this memory. */
function create_vcpu_from(kvm: Kvm, mm: HostMm, id: bigint): Task<Result> {
  return vm_ioctl.kvm_vm_ioctl(kvm, mm, () => create_vcpu.kvm_vm_ioctl_create_vcpu(kvm, id));
}

/** A read of the VM. */
export function per_vm(of: (kvm: Kvm) => Value): Reader {
  return { of };
}

export const kvm_api: Api = {
  features: ["vcpu", "memslots", "locking"],
  events: [
    "vcpu.*.request.*.made",
    "vcpu.*.request.*.served",
    "lock.*.taken",
    "lock.*.released",
    "srcu.*.entered",
    "srcu.*.left",
    "srcu.*.synchronize",
    "memslots.swapped",
    "vcpu.*.entered",
    "vcpu.*.mode.looked_at",
    "mmu.spte_zapped",
    "mmu_notifier.active.raised",
    "mmu_notifier.active.lowered",
    "mmu_notifier.in_progress.raised",
    "mmu_notifier.in_progress.lowered",
    "mmu_notifier.seq.advanced",
    "mmu_notifier.drained",
    "mmu.tlb_flush",
    "vm.max_vcpu_ids.set",
    "vm.vcpus.published.*",
    "vm.vcpus.walked.*",
  ],
  calls: {
    "vm.check_extension": (kvm) => capabilities.kvm_vm_ioctl_check_extension(kvm),
    "vm.enable_cap": (kvm, { cap, value, flags }) => capabilities.kvm_vm_ioctl_enable_cap(kvm, cap as Cap, u64(value), u64(flags ?? 0)),
    "vm.set_boot_cpu_id": (kvm, { id }) => boot_cpu.kvm_vm_ioctl_set_boot_cpu_id(kvm, u64(id)),
    "vm.create_irqchip": (kvm) => irqchip.kvm_vm_ioctl_create_irqchip(kvm),
    "vm.create_vcpu": (kvm, { id }) => create_vcpu_from(kvm, kvm.mm, u64(id)),
    "child.create_vcpu": (kvm, { id }) => create_vcpu_from(kvm, host_mm_of(), u64(id)),
    "vm.set_user_memory_region": (kvm, { slot, gpa, size }) =>
      memslots.kvm_vm_ioctl_set_memory_region(kvm, { id: Number(slot), base_gfn: gfn(gpa), npages: gfn(size), hva: hva_of(gfn(gpa)) }),
    "vm.destroy": (kvm) => destroy_vm.kvm_destroy_vm(kvm),
    "vcpu.close": (kvm, { vcpu }) => create_vcpu.kvm_vcpu_release(vcpu_fd(kvm, vcpu)),
    "guest.nop": (kvm, { vcpu }) => run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), {}),
    "vcpu.pre_fault_memory": (kvm, { vcpu, gpa }) => page_fault.kvm_vcpu_pre_fault_memory(vcpu_fd(kvm, vcpu), gfn(gpa)),
    "vcpu.kick": (kvm, { vcpu }) => requests.kvm_vcpu_kick(vcpu_fd(kvm, vcpu)),
    "mm.migrate": (kvm, { gpa }) => migration.migrate(kvm, hva_of(gfn(gpa))),
    "mm.move_page": (kvm, { gpa }) => host_mm.move_page(kvm, hva_of(gfn(gpa))),
    "mm.unmap": (kvm, { gpa }) => migration.unmap(kvm, hva_of(gfn(gpa))),
    "mm.fork": (kvm) => migration.fork(kvm),
    "mm.invalidate_range_start": (kvm, args) => mmu_notifier.kvm_mmu_notifier_invalidate_range_start(kvm, hvas(args)),
    "mm.invalidate_range_end": (kvm, args) => mmu_notifier.kvm_mmu_notifier_invalidate_range_end(kvm, hvas(args)),
    "guest.wrmsr": (kvm, args) => msr.wrmsr(vcpu_fd(kvm, args["vcpu"]), Number(args["msr"]), u64(args["value"])),
    "guest.rdmsr": (kvm, args) => shown(msr.rdmsr(vcpu_fd(kvm, args["vcpu"]), Number(args["msr"]))),
    "vcpu.set_msrs": (kvm, args) => msr.kvm_set_msrs(vcpu_fd(kvm, args["vcpu"]), Number(args["msr"]), u64(args["value"])),
    "vcpu.get_msrs": (kvm, args) => shown(msr.kvm_get_msrs(vcpu_fd(kvm, args["vcpu"]), Number(args["msr"]))),
    "clock.advance": (kvm, { ns }) => clock.advance(kvm, u64(ns)),
    "guest.hlt": (kvm, { vcpu }) => run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), { exit: (halted) => block.vcpu_block(halted) }),
    "sched.preempt": () => sched.preempt(),
  },
  reads: {
    "vm.max_vcpu_ids": per_vm((kvm) => kvm.limit.max_vcpu_ids.now),
    "vm.online_vcpus": per_vm((kvm) => kvm.online_vcpus.now),
    "vm.created_vcpus": per_vm((kvm) => kvm.locked.created_vcpus),
    "vm.boot_cpu_id": per_vm((kvm) => kvm.locked.bsp_vcpu_id),
    "vm.vcpu_array.*": {
      instances: (kvm) => first(kvm.vcpu_array.length),
      of: (kvm, [i]) => kvm.vcpu_array[Number(i)]?.now?.vcpu_id ?? -1,
    },
    "vm.irqchip_mode": per_vm((kvm) => kvm.irqchip_mode.now),
    "vcpu.*.mode": per_vcpu((vcpu) => vcpu.mode.now),
    "vcpu.*.blocking": per_vcpu((vcpu) => vcpu.blocking.now),
    "vcpu.*.in_guest": per_vcpu((vcpu) => vcpu.in_guest.now),
    "memslots.generation": per_vm((kvm) => kvm.memslots.table.now.generation),
    "mmu_notifier.active": per_vm((kvm) => kvm.notifier.active.now),
    "mmu_notifier.in_progress": per_vm((kvm) => kvm.notifier.in_progress.now),
    "vcpu.*.request.*": request_reader,
    "vcpu.*.tlb_flush": per_vcpu((vcpu) => vcpu.tlb.flushes.now),
    "mmu.remote_tlb_flush": per_vm((kvm) => kvm.mmu.remote_tlb_flush.now),
  },
};

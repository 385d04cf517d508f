/** KVM's two great structures, `struct kvm` and `struct kvm_vcpu`, as the generic chapter sees them. */
import type { Given } from "../../spec/generated/types";
import type { Mutex } from "../sync/mutex";
import type { Pcpu } from "../sync/ipi";
import type { ReadersWriter } from "../sync/rwlock";
import type { SpinLock } from "../sync/spinlock";
import type { Session, Srcu } from "../sync/srcu";
import type { WaitQueue } from "../sync/wait";
import type { Cell, Step, Task } from "../task";
import type { GfnRange, HostMm, Memslot, Memslots, Mmu, Notifier, PfnCaches, Tlb } from "./memory";

/** What a call can give back to the VMM, other than a value. */
export type Errno =
  "EINVAL" | "EEXIST" | "ENOMEM" | "EBUSY" | "EFAULT" | "EIO" | "ENOENT" | "EBADF" | "E2BIG" | "EAGAIN" | "ENOTCONN" | "EOPNOTSUPP";

export type Result = "ok" | Errno;

/** What KVM was loaded with and on: never changes. */
export interface Config {
  readonly backend: Exclude<Given["backend"], "any">;
  readonly max_vcpu_id: number;
  readonly max_vcpus: number;
  readonly enable_apicv: boolean;
  /** The module's parameter as it was given: what comes of it is asked in vmx/ipiv.ts. */
  readonly enable_ipiv: boolean;
  /** What the processor lacks. */
  readonly lacks: ReadonlySet<NonNullable<Given["lacks"]>[number]>;
  readonly flexpriority: boolean;
  readonly x2avic: boolean;
}

export type IrqchipMode = "none" | "kernel" | "split";

export interface Kvm {
  readonly config: Config;
  readonly chapters: readonly Chapter[];
  readonly kvm_lock: Mutex;
  readonly slots_lock: Mutex;
  readonly slots_arch_lock: Mutex;
  readonly irq_lock: Mutex;
  readonly mmu_lock: ReadersWriter;
  readonly mn_invalidate_lock: SpinLock;
  readonly rq_lock: SpinLock;
  readonly kvm_srcu: Srcu;
  readonly irq_srcu: Srcu;
  /** Guarded by kvm_lock. */
  readonly locked: { created_vcpus: number; bsp_vcpu_id: number; readonly vcpu_ids: Set<number> };
  readonly limit: Limit;
  readonly irqchip_mode: Cell<IrqchipMode>;
  readonly online_vcpus: Cell<number>;
  /** By vcpu_idx, the order of publication. */
  readonly vcpu_array: Cell<Vcpu | undefined>[];
  readonly memslots: Memslots;
  readonly notifier: Notifier;
  readonly gpcs: PfnCaches;
  readonly mm: HostMm;
  readonly mmu: Mmu;
  /** What the VM's kvmclock shows, in nanoseconds. */
  readonly clock: Cell<bigint>;
  /** What later chapters hang on the VM; each has its own `to_*`, as the kernel has container_of. */
  readonly arch: Record<string, object>;
}

/**
 * The VM's own limit on vCPU ids: set under kvm_lock, at most once, and read without it by whoever
 * builds a vCPU.
 */
export interface Limit {
  /** 0 while nothing has set it. */
  readonly max_vcpu_ids: Cell<number>;
  readonly set: Step;
}

export type Mode = "OUTSIDE_GUEST_MODE" | "IN_GUEST_MODE" | "EXITING_GUEST_MODE";

export interface Vcpu {
  readonly kvm: Kvm;
  readonly vcpu_id: number;
  readonly mutex: Mutex;
  /** Whether the file descriptor that names the vCPU is still open. */
  readonly fd_open: Cell<boolean>;
  /** Its memory was given back: nothing may lead here any more. */
  readonly freed: Cell<boolean>;
  readonly pcpu: Pcpu;
  readonly wait: WaitQueue;
  /** The vCPU is halted, and its thread on the wait queue: stored by that thread only. */
  readonly blocking: Cell<boolean>;
  /** The published mode: who kicks looks at it. */
  readonly mode: Cell<Mode>;
  /** Looks at the mode, and marks a vCPU that is in the guest as exiting. */
  readonly look_at_mode: Step;
  /** The hardware runs guest instructions: from after the last look at requests until the exit. */
  readonly in_guest: Cell<boolean>;
  readonly enter: Step;
  readonly requests: Record<RequestName, RequestBit>;
  readonly any_request: Step;
  /** The requests that only others make while the vCPU tries to enter: not those that it makes itself to try again. */
  readonly foreign_requests: readonly RequestBit[];
  readonly tlb: Tlb;
  /** Guarded by the vCPU's mutex: only the thread in KVM_RUN uses it. */
  readonly run: { srcu: Session | undefined; retry: Retry | undefined; seen: readonly number[] };
  readonly arch: Record<string, object>;
}

/** What a fruitless round of the run loop waits for: see `again` in task.ts. */
export interface Retry {
  readonly cells: readonly Cell<unknown>[];
  readonly since: readonly number[];
}

/**
 * The requests, in the order in which vcpu_enter_guest serves them. Source: arch/x86/kvm/x86.c,
 * vcpu_enter_guest.
 */
export const REQUESTS = [
  "TLB_FLUSH",
  "TLB_FLUSH_CURRENT",
  "STEAL_UPDATE",
  "SCAN_IOAPIC",
  "LOAD_EOI_EXITMAP",
  "APIC_PAGE_RELOAD",
  "HV_STIMER",
  "APICV_UPDATE",
  "EVENT",
  "UNBLOCK",
] as const;

export type RequestName = (typeof REQUESTS)[number];

export interface RequestBit extends Cell<boolean> {
  readonly make: Step;
  readonly serve: Step;
}

/** What the guest does in one stay in guest mode, and how the host handles the exit that it causes. */
export interface GuestAction {
  /** Runs in guest mode; what it returns is handed to `exit`. */
  readonly in_guest?: (vcpu: Vcpu) => Task<unknown>;
  /** The exit handler, inside the vCPU's SRCU read section; `again` re-enters the guest with the same action. */
  readonly exit?: (vcpu: Vcpu, qualification: unknown) => Task<unknown>;
}

/** Returned by an exit handler after which the guest tries the same instruction again. */
export const RETRY_INSTRUCTION = Symbol("retry the instruction");

/**
 * What a later chapter registers at boot, so that this one can call it as the kernel's generic
 * code calls arch and vendor code. Every member is optional; all chapters are called in order.
 */
export interface Chapter {
  readonly name: string;
  /** Hangs what the chapter keeps on a new VM. */
  vm_init?(kvm: Kvm): void;
  /** Makes true what a case gives, once its vCPUs exist. */
  given?(kvm: Kvm, given: Given): Task<void>;
  /** Under kvm_lock, before anybody can see that the VM has an irqchip. */
  irqchip_create?(kvm: Kvm): Task<void>;
  /** Under kvm_lock, once the VM has an irqchip, in the kernel or split. */
  irqchip_created?(kvm: Kvm): Task<void>;
  /** Under kvm_lock, once the id was found good: what is sized by the limit is allocated here. */
  vcpu_precreate?(kvm: Kvm): Task<Result>;
  /** Outside kvm_lock, before anybody can find the vCPU. */
  vcpu_create?(vcpu: Vcpu): Task<Result>;
  /** The vCPU goes, or will never be: takes back what leads to it, as far as it was built. */
  vcpu_destroy?(vcpu: Vcpu): Task<void>;
  /** Nobody uses the VM any more: gives back what the chapter has allocated for it. */
  vm_destroy?(kvm: Kvm): Task<void>;
  readonly requests?: Partial<Record<RequestName, (vcpu: Vcpu) => Task<void>>>;
  /** At the last look before the entry, interrupts off. */
  vcpu_enter?(vcpu: Vcpu): Task<void>;
  vcpu_load?(vcpu: Vcpu): Task<void>;
  vcpu_put?(vcpu: Vcpu, preempted: boolean): Task<void>;
  /** After each attempt to enter and what came of it, where the thread may sleep: delivers what had to wait for that. */
  inject_pending_events?(vcpu: Vcpu): Task<void>;
  /** The vCPU thread is about to sleep, not yet on the wait queue, with preemption off. */
  vcpu_blocking?(vcpu: Vcpu): Task<void>;
  /** It is off the wait queue again, with preemption off. */
  vcpu_unblocking?(vcpu: Vcpu): Task<void>;
  /** Whether a blocked vCPU has something to run for. */
  has_events?(vcpu: Vcpu): Task<boolean>;
  /** A write of an MSR that this chapter owns, else undefined. */
  set_msr?(vcpu: Vcpu, index: number, data: bigint, host: boolean): Task<"ok" | "gp"> | undefined;
  get_msr?(vcpu: Vcpu, index: number, host: boolean): Task<bigint | "gp"> | undefined;
  /** These frames' translations were removed, since their pages are about to go: under mmu_lock for writing. */
  unmap_gfn_range?(kvm: Kvm, gfns: GfnRange): Task<void>;
  /** Whether the guest's accesses to this slot are emulated, and nothing is mapped for them, although there is memory. */
  emulates?(kvm: Kvm, slot: Memslot): Task<boolean>;
}

/** Events in the words of spec/events.yaml, made of what the kernel's probes told. */
import { IOCTL } from "../uapi/ioctl";
import { REQUESTS } from "../kernel/kernel-reads";
import type { KernelVcpu, KernelVmLook } from "../kernel/kernel-vm";
import { PROBES, WATCHED } from "./probes";
import { bitSetBy, LONGEST, placeInRegisters, type BitSet } from "./stores";
import { TraceLost, type Told } from "./trace-lines";

/** Ioctls by which the adapter itself prepares a vCPU: what they do is nobody's call. */
const PREPARATIONS = new Set(
  [IOCTL.GET_SREGS, IOCTL.SET_SREGS, IOCTL.SET_REGS, IOCTL.SET_SIGNAL_MASK, IOCTL.SET_MP_STATE, IOCTL.SET_CPUID2].map(BigInt),
);

/** A thread enters and leaves a callback of the MMU notifier: of interest for what it takes there, and told to nobody. */
export const NOTIFIER = { entered: "context.notifier.entered", left: "context.notifier.left" } as const;

const TRYLOCK = "read_trylock";

/** What the addresses of one VM stand for. */
export interface Addresses {
  readonly kvm: bigint;
  /** Of locks and srcu_structs: their names. */
  readonly locks: ReadonlyMap<bigint, string>;
  /** Of vCPUs: their ids. */
  readonly vcpus: ReadonlyMap<bigint, number>;
  /** Of words of requests: the vCPUs' ids. */
  readonly requests: ReadonlyMap<bigint, number>;
  readonly inhibits: bigint;
  /** Who waits until no invalidation is active. */
  readonly drained: bigint;
}

const LOCKS: Readonly<Record<string, string>> = {
  lock: "kvm_lock",
  slots_lock: "slots_lock",
  slots_arch_lock: "slots_arch_lock",
  irq_lock: "irq_lock",
  "arch.apicv_update_lock": "apicv_update_lock",
  "arch.xen.xen_lock": "xen_lock",
  gpc_lock: "gpc_list_lock",
  mmu_lock: "mmu_lock",
  mn_invalidate_lock: "mn_invalidate_lock",
  srcu: "kvm_srcu",
  irq_srcu: "irq_srcu",
  "arch.xen.shinfo_cache.lock": "gpc_lock",
  "arch.xen.shinfo_cache.refresh_lock": "gpc_refresh_lock",
};

const VCPU_LOCKS: Readonly<Record<string, string>> = {
  mutex: "vcpu_mutex",
  ...Object.fromEntries(
    ["vcpu_info", "vcpu_time_info", "runstate", "runstate2"].flatMap((cache) => [
      [`arch.xen.${cache}_cache.lock`, "gpc_lock"],
      [`arch.xen.${cache}_cache.refresh_lock`, "gpc_refresh_lock"],
    ]),
  ),
};

export function addressesOf({ kvm }: KernelVmLook, vcpus: readonly KernelVcpu[]): Addresses {
  const named = (struct: typeof kvm, locks: Readonly<Record<string, string>>): [bigint, string][] =>
    Object.entries(locks).flatMap(([path, name]) => (struct.has(path) ? [[struct.addressOf(path), name]] : []));
  return {
    kvm: kvm.address,
    locks: new Map([...named(kvm, LOCKS), ...vcpus.flatMap(({ struct }) => named(struct, VCPU_LOCKS))]),
    vcpus: new Map(vcpus.map(({ id, struct }) => [struct.address, id])),
    requests: new Map(vcpus.map(({ id, struct }) => [struct.addressOf("requests"), id])),
    inhibits: kvm.addressOf("arch.apicv_inhibit_reasons"),
    drained: kvm.addressOf("mn_memslots_update_rcuwait"),
  };
}

/** One event, and who brought it about. */
export interface Happened {
  readonly event: string;
  /** The thread, as the kernel numbers it. */
  readonly tid: number;
  /** It is part of the adapter's own preparations. */
  readonly prepares: boolean;
}

/** What one thread of the kernel's is in the middle of. */
interface Doing {
  /** The ioctl of KVM's that it is in: its request. */
  ioctl: bigint | undefined;
  /** Locks, and read sections, that it holds: addresses. */
  readonly holds: bigint[];
  /** It is publishing a table of memory slots. */
  swaps: boolean;
}

/** Follows the threads of one VM through one trace after the other. */
export class Follower {
  private readonly threads = new Map<number, Doing>();

  /**
   * @param text the bytes of the kernel's text that end at an address
   * @param instructions what is known of them already
   */
  constructor(
    private readonly text: (end: bigint, length: number) => Promise<Uint8Array>,
    private readonly instructions = new Map<bigint, BitSet | undefined>(),
  ) {}

  /**
   * The events that a trace tells of, in order.
   * @throws TraceLost if they cannot all be there: what was taken is not given back, or the other way round
   */
  async events(told: readonly Told[], addresses: Addresses): Promise<Happened[]> {
    const events: Happened[] = [];
    for (const each of told) {
      const doing = this.doing(each.tid);
      const seen = await this.seen(each, doing, addresses);
      const prepares = doing.ioctl !== undefined && PREPARATIONS.has(doing.ioctl);
      events.push(...seen.map((event) => ({ event, tid: each.tid, prepares })));
    }
    for (const [tid, { ioctl, holds }] of this.threads)
      if (ioctl === undefined && holds.length > 0)
        throw new TraceLost(`thread ${tid} is back, and ${namesOf(holds, addresses)} was not given back`);
    return events;
  }

  private doing(tid: number): Doing {
    const doing = this.threads.get(tid) ?? { ioctl: undefined, holds: [], swaps: false };
    this.threads.set(tid, doing);
    return doing;
  }

  private async seen(told: Told, doing: Doing, addresses: Addresses): Promise<string[]> {
    const { name, fields } = told;
    if (PROBES[name]?.act !== undefined) return this.locked(told, doing, addresses);
    switch (name) {
      case WATCHED:
        return this.stored(fields, addresses);
      case "vcpu_ioctl":
      case "vm_ioctl":
        if (doing.ioctl !== undefined) throw new TraceLost(`thread ${told.tid} enters an ioctl within another`);
        doing.ioctl = fields["request"];
        return [];
      case "vcpu_ioctl_end":
      case "vm_ioctl_end":
        if (doing.ioctl !== fields["request"]) throw new TraceLost(`thread ${told.tid} returns from an ioctl that it did not enter`);
        doing.ioctl = undefined;
        return [];
      case "notifier_start":
      case "notifier_end":
        return [NOTIFIER.entered];
      case "notifier_start_end":
      case "notifier_end_end":
        return [NOTIFIER.left];
      case "vcpu_run":
        return named(addresses.vcpus.get(fields["vcpu"] ?? 0n), (id) => `vcpu.${id}.entered`);
      case "wake_up":
        return fields["waiter"] === addresses.drained ? ["mmu_notifier.drained"] : [];
      default:
        return fields["kvm"] === addresses.kvm ? ofKvm(told, doing) : [];
    }
  }

  /** A lock was taken or given back, or a read section entered or left. */
  private locked({ tid, name, fields }: Told, doing: Doing, { locks }: Addresses): string[] {
    const address = fields["lock"] ?? 0n;
    const lock = locks.get(address);
    const act = PROBES[name]?.act;
    if (lock === undefined || act === undefined) return [];
    if (act === "synchronize") return [`srcu.${lock}.synchronize`];
    if (act === "taken" || act === "entered") {
      if (fields["got"] !== undefined && fields["got"] !== (name === TRYLOCK ? 1n : 0n)) return [];
      doing.holds.push(address);
      return [act === "entered" ? `srcu.${lock}.entered` : `lock.${lock}.taken`];
    }
    const held = doing.holds.lastIndexOf(address);
    if (held < 0) throw new TraceLost(`thread ${tid} gives ${lock} back, which it did not have`);
    doing.holds.splice(held, 1);
    if (act === "left") return [`srcu.${lock}.left`];
    // The new table is published as the last thing before this lock is given back.
    const swapped = lock === "mn_invalidate_lock" && doing.swaps;
    if (swapped) doing.swaps = false;
    return [...(swapped ? ["memslots.swapped"] : []), `lock.${lock}.released`];
  }

  /** A word was written that is watched. */
  private async stored(fields: Told["fields"], { inhibits, requests }: Addresses): Promise<string[]> {
    const at = fields["at"] ?? 0n;
    if (at === inhibits) return ["apicv.inhibits.stored"];
    const id = requests.get(at);
    const set = await this.instruction(fields["ip"] ?? 0n);
    if (id === undefined || set === undefined) return [];
    const bit = "bit" in set ? set.bit : Number((fields[`regs${placeInRegisters(set.register)}`] ?? 0n) & 63n);
    const request = Object.entries(REQUESTS).find(([, number]) => number === bit);
    return request === undefined ? [] : [`vcpu.${id}.request.${request[0]}.made`];
  }

  private async instruction(end: bigint): Promise<BitSet | undefined> {
    if (!this.instructions.has(end)) this.instructions.set(end, bitSetBy(await this.text(end, LONGEST)));
    return this.instructions.get(end);
  }
}

function ofKvm({ name, fields }: Told, doing: Doing): string[] {
  switch (name) {
    case "swap_memslots":
      // In system-management mode the guest has slots of its own, of which no rule speaks.
      doing.swaps = fields["space"] === 0n;
      return [];
    case "flush_remote_tlbs":
      return ["mmu.tlb_flush"];
    case "invalidate_begin":
      return ["mmu_notifier.in_progress.raised"];
    case "invalidate_end":
      return ["mmu_notifier.in_progress.lowered"];
    default:
      return [];
  }
}

function named<T>(value: T | undefined, show: (value: T) => string): string[] {
  return value === undefined ? [] : [show(value)];
}

function namesOf(held: readonly bigint[], { locks }: Addresses): string {
  return [...new Set(held.map((address) => locks.get(address) ?? `0x${address.toString(16)}`))].join(", ");
}

/** Events that this can tell of. */
export const KERNEL_EVENTS = [
  "lock.*.taken",
  "lock.*.released",
  "srcu.*.entered",
  "srcu.*.left",
  "srcu.*.synchronize",
  "memslots.swapped",
  "mmu.tlb_flush",
  "mmu_notifier.in_progress.raised",
  "mmu_notifier.in_progress.lowered",
  "mmu_notifier.drained",
  "vcpu.*.entered",
  "vcpu.*.request.*.made",
  "apicv.inhibits.stored",
] as const;

/**
 * Where the kernel is asked to say what it does: probes at the beginning or the end of functions, as tracefs has them.
 *
 * KVM calls these functions for each of its locks; none of them is inlined into its modules. What a probe of a
 * lock tells counts only if KVM called the function: by the address that it returns to.
 */

/** What happened to a lock, or to a read section. */
export type Act = "taken" | "released" | "entered" | "left" | "synchronize";

interface Probe {
  readonly at: string;
  /** At the end of the function, not where it begins. */
  readonly returns?: boolean;
  /**
   * Interrupts call the function too, and may come while a probe tells something: an fprobe tells of them all the same,
   * where a kprobe only counts that it missed one. An fprobe takes twenty times as long to define.
   */
  readonly interrupts?: boolean;
  /** What is written down. */
  readonly of: string;
  readonly act?: Act;
}

/** So many threads can wait in one function at once, each for a lock. */
const WAITING = 256;
const TAKEN = "lock=$arg1:x64";
const GIVEN = "lock=$arg1:x64 by=$stack0:x64";

const takes = (at: string): Probe => ({ at, returns: true, of: TAKEN, act: "taken" });
/** These say whether they took it: by 0, or a trylock by 1. */
const mayTake = (at: string): Probe => ({ at, returns: true, of: `${TAKEN} got=$retval:s32`, act: "taken" });
const gives = (at: string): Probe => ({ at, of: GIVEN, act: "released" });

/** By the name of the event. */
export const PROBES: Readonly<Record<string, Probe>> = {
  mutex_lock: takes("mutex_lock"),
  mutex_lock_killable: mayTake("mutex_lock_killable"),
  mutex_unlock: gives("mutex_unlock"),
  down_read: takes("down_read"),
  down_write: takes("down_write"),
  up_read: gives("up_read"),
  up_write: gives("up_write"),
  read_lock: takes("_raw_read_lock"),
  read_lock_irq: takes("_raw_read_lock_irq"),
  read_lock_irqsave: takes("_raw_read_lock_irqsave"),
  read_trylock: mayTake("_raw_read_trylock"),
  read_unlock: gives("_raw_read_unlock"),
  read_unlock_irq: gives("_raw_read_unlock_irq"),
  read_unlock_irqrestore: gives("_raw_read_unlock_irqrestore"),
  write_lock: takes("_raw_write_lock"),
  write_lock_irq: takes("_raw_write_lock_irq"),
  write_unlock: gives("_raw_write_unlock"),
  write_unlock_irq: gives("_raw_write_unlock_irq"),
  spin_lock: { ...takes("_raw_spin_lock"), interrupts: true },
  spin_unlock: { ...gives("_raw_spin_unlock"), interrupts: true },
  srcu_read_lock: { at: "__srcu_read_lock", of: GIVEN, act: "entered" },
  srcu_read_unlock: { at: "__srcu_read_unlock", of: GIVEN, act: "left" },
  synchronize_srcu: { at: "synchronize_srcu", of: GIVEN, act: "synchronize" },
  synchronize_srcu_expedited: { at: "synchronize_srcu_expedited", of: GIVEN, act: "synchronize" },
  swap_memslots: { at: "kvm_swap_active_memslots", of: "kvm=$arg1:x64 space=$arg2:s32" },
  flush_remote_tlbs: { at: "kvm_flush_remote_tlbs", of: "kvm=$arg1:x64" },
  invalidate_begin: { at: "kvm_mmu_invalidate_begin", of: "kvm=$arg1:x64" },
  invalidate_end: { at: "kvm_mmu_invalidate_end", of: "kvm=$arg1:x64" },
  notifier_start: { at: "kvm_mmu_notifier_invalidate_range_start", of: "range=$arg2:x64" },
  notifier_start_end: { at: "kvm_mmu_notifier_invalidate_range_start", returns: true, of: "range=$arg2:x64" },
  notifier_end: { at: "kvm_mmu_notifier_invalidate_range_end", of: "range=$arg2:x64" },
  notifier_end_end: { at: "kvm_mmu_notifier_invalidate_range_end", returns: true, of: "range=$arg2:x64" },
  wake_up: { at: "rcuwait_wake_up", of: "waiter=$arg1:x64" },
  vcpu_run: { at: "svm_vcpu_run", of: "vcpu=$arg1:x64" },
  vcpu_ioctl: { at: "kvm_vcpu_ioctl", of: "request=$arg2:x32" },
  vcpu_ioctl_end: { at: "kvm_vcpu_ioctl", returns: true, of: "request=$arg2:x32" },
  vm_ioctl: { at: "kvm_vm_ioctl", of: "request=$arg2:x32" },
  vm_ioctl_end: { at: "kvm_vm_ioctl", returns: true, of: "request=$arg2:x32" },
};

/** As the trace calls what a watchpoint saw. */
export const WATCHED = "watched";

/** The group of all these in tracefs. */
export const GROUP = "conform";

/** The line of dynamic_events that defines a probe. */
export function definition(name: string, { at, returns = false, interrupts = false, of }: Probe): string {
  if (interrupts) return `f${returns ? WAITING : ""}:${GROUP}/${name} ${at}${returns ? "%return" : ""} ${of}`;
  return `${returns ? `r${WAITING}` : "p"}:${GROUP}/${name} ${at} ${of}`;
}

/**
 * What tells of a watchpoint: the kernel's handler of it, which gets the perf event and the registers.
 * @param address where a struct perf_event has the address that is watched
 * @param ip where a struct pt_regs has the instruction pointer, the one after the instruction that wrote
 */
export function watchDefinition(address: number, ip: number): string {
  return `f:${GROUP}/${WATCHED} perf_bp_event at=+${address}($arg1):x64 ip=+${ip}($arg2):x64 regs=+0($arg2):x64[16]`;
}

/** Keeps what KVM's modules called; undefined where everything is kept. */
export function filter(probe: Probe, texts: readonly { readonly from: bigint; readonly to: bigint }[]): string | undefined {
  if (probe.act === undefined) return undefined;
  const caller = probe.act === "taken" ? "__probe_ret_ip" : "by";
  return texts.map(({ from, to }) => `(${caller} >= 0x${from.toString(16)} && ${caller} < 0x${to.toString(16)})`).join(" || ");
}

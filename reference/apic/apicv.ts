/**
 * APIC virtualization and its inhibits: a VM-wide mask of reasons why APICv is off, and each
 * vCPU's own flag, which follows the mask before the vCPU enters the guest again. Source:
 * arch/x86/kvm/x86.c, __kvm_set_or_clear_apicv_inhibit, __kvm_vcpu_update_apicv.
 */
import { mmu } from "../kvm/mmu";
import { requests } from "../kvm/requests";
import { vcpus } from "../kvm/vcpus";
import type { Kvm, Vcpu } from "../kvm/types";
import { preempt_disable, preempt_enable } from "../sync/context";
import { lockdep_assert_held } from "../sync/lockdep";
import { ReadersWriter } from "../sync/rwlock";
import { down_read, down_write, up_read, up_write } from "../sync/rwsem";
import { srcu_read_lock, srcu_read_unlock } from "../sync/srcu";
import { Cell, ops, rule, type Step, type Task } from "../task";
import { to_lapic } from "./lapic";
import { INHIBITS, x86_ops, type Inhibit } from "./x86_ops";

/** Where the guest finds its APIC unless it moves it, as a frame: 0xfee00000. */
export const APIC_DEFAULT_GFN = 0xfee00;

export interface Apicv {
  /** Held for writing by who changes the mask, or what is counted for it; for reading by who follows it. */
  readonly apicv_update_lock: ReadersWriter;
  /** The reasons that hold, in the order of INHIBITS; changed under the lock, looked at without. */
  readonly inhibits: Cell<readonly Inhibit[]>;
  readonly store_inhibits: Step;
}

export function to_apicv(kvm: Kvm): Apicv {
  return kvm.arch["apicv"] as Apicv;
}

/** A new VM has no irqchip yet; and APICv that the module has switched off never comes on. */
export function kvm_apicv_init(kvm: Kvm): void {
  const absent: readonly Inhibit[] = kvm.config.enable_apicv ? ["ABSENT"] : ["DISABLE", "ABSENT"];
  const inhibits = new Cell("apicv.inhibits", absent);
  kvm.arch["apicv"] = {
    apicv_update_lock: new ReadersWriter("apicv_update_lock", "apicv_update_lock", kvm.kvm_lock.graph),
    inhibits,
    store_inhibits: inhibits.as("store", "apicv.inhibits.stored"),
  } satisfies Apicv;
}

/** The mask with this reason in it or out of it. */
function changed(inhibits: readonly Inhibit[], reason: Inhibit, set: boolean): readonly Inhibit[] {
  return INHIBITS.filter((each) => (each === reason ? set : inhibits.includes(each)));
}

export const apicv = ops("apicv", {
  *kvm_set_or_clear_apicv_inhibit(kvm: Kvm, reason: Inhibit, set: boolean): Task<void> {
    if (!kvm.config.enable_apicv) return;
    const { apicv_update_lock } = to_apicv(kvm);
    yield* down_write(apicv_update_lock);
    yield* apicv.__kvm_set_or_clear_apicv_inhibit(kvm, reason, set);
    yield* up_write(apicv_update_lock);
  },

  /** As above, for who holds apicv_update_lock for writing: it counts something there. */
  *__kvm_set_or_clear_apicv_inhibit(kvm: Kvm, reason: Inhibit, set: boolean): Task<void> {
    const { apicv_update_lock, inhibits, store_inhibits } = to_apicv(kvm);
    lockdep_assert_held(apicv_update_lock, "write");

    rule("apicv.inhibit.foreign-reasons-ignored");
    if (!x86_ops(kvm).required_apicv_inhibits.has(reason)) return;

    yield inhibits.load;
    const next = changed(inhibits.now, reason, set);
    rule("apicv.inhibit.only-transitions-kick");
    if (inhibits.now.length > 0 !== next.length > 0) {
      yield* apicv.switch_all(kvm, next);
    } else {
      yield store_inhibits;
      inhibits.now = next;
    }
  },

  /**
   * Switches APICv on or off for the whole VM. The vCPUs are kicked out first: one that sees the
   * request before the new mask is there waits for the lock in its handler, so none is in the
   * guest on the old terms once the mask is stored.
   */
  *switch_all(kvm: Kvm, next: readonly Inhibit[]): Task<void> {
    const { inhibits, store_inhibits } = to_apicv(kvm);
    rule("lock.apicv.inside-all");
    rule("lock.apicv.no-synchronize-inside");
    rule("apicv.inhibit.kick-first");
    rule("apicv.inhibit.zap-moves-the-sequence");
    yield* requests.kvm_make_all_cpus_request(kvm, "APICV_UPDATE");
    yield store_inhibits;
    inhibits.now = next;
    if (next.length > 0) yield* apicv.zap_apic_page(kvm);
  },

  /** The memslot stays: only the translation goes. Many a caller is in no SRCU section of its own. */
  *zap_apic_page(kvm: Kvm): Task<void> {
    rule("apicv.inhibit.zaps-apic-page");
    const idx = yield* srcu_read_lock(kvm.kvm_srcu);
    yield* mmu.kvm_zap_gfn(kvm, APIC_DEFAULT_GFN);
    yield* srcu_read_unlock(kvm.kvm_srcu, idx);
  },

  /** Serves APICV_UPDATE. */
  *kvm_vcpu_update_apicv(vcpu: Vcpu): Task<void> {
    if (!to_lapic(vcpu).in_kernel) return;
    yield* apicv.__kvm_vcpu_update_apicv(vcpu);
  },

  /** The vCPU's flag follows the mask; whoever is changing the mask is waited for. */
  *__kvm_vcpu_update_apicv(vcpu: Vcpu): Task<void> {
    const { apicv_update_lock } = to_apicv(vcpu.kvm);
    const { apicv_active } = to_lapic(vcpu);
    rule("lock.apicv.inside-all");
    rule("lock.apicv.no-synchronize-inside");
    rule("lock.atomic.nothing-sleeps");
    yield* down_read(apicv_update_lock);
    preempt_disable();
    rule("apicv.vcpu.follows-mask");
    const activate = yield* apicv.kvm_apicv_activated(vcpu.kvm);
    yield apicv_active.load;
    if (apicv_active.now !== activate) {
      yield apicv_active.store;
      apicv_active.now = activate;
      yield* apicv.apicv_switched(vcpu, activate);
    }
    preempt_enable();
    yield* up_read(apicv_update_lock);
  },

  *apicv_switched(vcpu: Vcpu, active: boolean): Task<void> {
    const vendor = x86_ops(vcpu.kvm);
    if (vendor.refresh_apicv_exec_ctrl) yield* vendor.refresh_apicv_exec_ctrl(vcpu);
    // What hardware has accepted for the guest and not delivered is KVM's to deliver from now on.
    rule("apicv.vcpu.looks-for-interrupts-when-off");
    if (!active) yield* requests.kvm_make_request(vcpu, "EVENT");
  },

  /** Whether no reason holds for the whole VM; without the lock, it is true only for a moment. */
  *kvm_apicv_activated(kvm: Kvm): Task<boolean> {
    const { inhibits } = to_apicv(kvm);
    yield inhibits.load;
    return inhibits.now.length === 0;
  },

  /** An irqchip is there: vCPUs that are created now have an APIC to virtualize. */
  *kvm_arch_irqchip_created(kvm: Kvm): Task<void> {
    rule("apicv.absent.until-irqchip");
    yield* apicv.kvm_set_or_clear_apicv_inhibit(kvm, "ABSENT", false);
  },

  /** The given world: its irqchip exists, and its vCPUs have served what their creation asked for. */
  *settle(kvm: Kvm): Task<void> {
    yield kvm.irqchip_mode.load;
    if (kvm.irqchip_mode.now !== "none") yield* apicv.kvm_set_or_clear_apicv_inhibit(kvm, "ABSENT", false);
    for (const vcpu of yield* vcpus.kvm_for_each_vcpu(kvm))
      if (yield* requests.kvm_check_request(vcpu, "APICV_UPDATE")) yield* apicv.kvm_vcpu_update_apicv(vcpu);
  },
});

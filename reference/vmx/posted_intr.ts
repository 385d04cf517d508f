/**
 * Posted interrupts: a vector is left in the target's descriptor, by KVM or by the hardware of
 * another vCPU, and whoever leaves the first one since the target last looked notifies it. The
 * notification's vector says how: it is ignored unless the target runs the guest, except while the
 * target sleeps, when it wakes it. Source: arch/x86/kvm/vmx/posted_intr.c; arch/x86/kvm/vmx/vmx.c,
 * vmx_deliver_posted_interrupt and vmx_sync_pir_to_irr.
 *
 * What a running target's hardware takes in by itself stays in the descriptor here until KVM looks.
 * Suppression of notifications, which only saves useless ones, is not modelled.
 */
import { lapic, to_lapic } from "../apic/lapic";
import type { Vcpu } from "../kvm/types";
import { block } from "../kvm/block";
import { wake_up } from "../sync/wait";
import { Cell, ops, rule, type Step, type Task } from "../task";
import { ipiv } from "./ipiv";

/** One word: the hardware tests and sets ON, and reads the vector, in one access. */
interface PiControl {
  readonly on: boolean;
  readonly vector: "notification" | "wakeup";
}

export interface PiDesc {
  /** The vectors that are posted, in ascending order. */
  readonly pir: Cell<readonly number[]>;
  readonly post: Step;
  readonly control: Cell<PiControl>;
  /** On its CPU's list of sleepers, which is what the wake-up handler goes through. */
  readonly listed: Cell<boolean>;
}

export function to_pi_desc(vcpu: Vcpu): PiDesc {
  return vcpu.arch["pi_desc"] as PiDesc;
}

export function pi_desc_init(vcpu: Vcpu): void {
  const name = `vcpu.${vcpu.vcpu_id}.pid`;
  const pir = new Cell<readonly number[]>(`${name}.pir`, []);
  vcpu.arch["pi_desc"] = {
    pir,
    post: pir.as("rmw", `${name}.posted`),
    control: new Cell<PiControl>(`${name}.control`, { on: false, vector: "notification" }),
    listed: new Cell<boolean>(`${name}.listed`, false),
  } satisfies PiDesc;
}

export const posted_intr = ops("posted_intr", {
  /** Leaves a vector in a descriptor; says how to notify the target, or nothing if that was done since it last looked. */
  *pi_post({ pir, post, control }: PiDesc, vector: number): Task<PiControl["vector"] | undefined> {
    yield post;
    pir.now = [...new Set([...pir.now, vector])].sort((a, b) => a - b);
    yield control.rmw;
    if (control.now.on) return undefined;
    control.now = { ...control.now, on: true };
    return control.now.vector;
  },

  /** What KVM does with an interrupt for a vCPU of its own accord. */
  *vmx_deliver_interrupt(vcpu: Vcpu, vector: number): Task<void> {
    const { apicv_active } = to_lapic(vcpu);
    yield apicv_active.load;
    if (!apicv_active.now) yield* lapic.deliver_by_request(vcpu, vector);
    else if ((yield* posted_intr.pi_post(to_pi_desc(vcpu), vector)) !== undefined) yield* posted_intr.trigger(vcpu);
  },

  /** A vCPU in the guest gets the notification, which needs no help here; any other is woken. */
  *trigger(vcpu: Vcpu): Task<void> {
    yield vcpu.mode.load;
    if (vcpu.mode.now !== "IN_GUEST_MODE") yield* wake_up(vcpu.wait);
  },

  /** Takes what is posted into the IRR. ON goes first: who posts after that notifies again. */
  *vmx_sync_pir_to_irr(vcpu: Vcpu): Task<void> {
    const { pir, control } = to_pi_desc(vcpu);
    const { irr, set_irr } = to_lapic(vcpu).regs;
    yield control.load;
    if (!control.now.on) return;
    rule("ipiv.posted.on-cleared-first");
    yield control.rmw;
    control.now = { ...control.now, on: false };
    yield pir.rmw;
    const posted = pir.now;
    pir.now = [];
    yield set_irr;
    irr.now = [...new Set([...irr.now, ...posted])].sort((a, b) => a - b);
  },

  /** At each entry, when the mode is published: who posts later notifies hardware that is about to run the guest. */
  *vmx_vcpu_enter(vcpu: Vcpu): Task<void> {
    rule("ipiv.posted.seen-at-entry");
    if (vcpu.kvm.config.enable_apicv) yield* posted_intr.vmx_sync_pir_to_irr(vcpu);
  },

  // --- Sleeping ---

  /** Whether somebody can post to the vCPU without KVM's knowing. Assigned devices, which can too, are not modelled. */
  *vmx_needs_pi_wakeup(vcpu: Vcpu): Task<boolean> {
    rule("ipiv.posted.wakes-the-sleeper");
    return yield* ipiv.vmx_can_use_ipiv(vcpu);
  },

  /** The vCPU's thread leaves its CPU. */
  *vmx_vcpu_pi_put(vcpu: Vcpu): Task<void> {
    if (!(yield* posted_intr.vmx_needs_pi_wakeup(vcpu))) return;
    if (yield* block.kvm_vcpu_is_blocking(vcpu)) yield* posted_intr.pi_enable_wakeup_handler(vcpu);
  },

  /** On the list first, and then the vector. What was posted just before came with the other vector, so look once more. */
  *pi_enable_wakeup_handler(vcpu: Vcpu): Task<void> {
    const { control, listed } = to_pi_desc(vcpu);
    rule("ipiv.posted.wakes-the-sleeper");
    yield listed.store;
    listed.now = true;
    yield control.rmw;
    control.now = { ...control.now, vector: "wakeup" };
    if (control.now.on) yield* posted_intr.pi_wakeup_handler(vcpu);
  },

  /** The vCPU's thread is on its CPU again. */
  *vmx_vcpu_pi_load(vcpu: Vcpu): Task<void> {
    const { control, listed } = to_pi_desc(vcpu);
    rule("ipiv.posted.wakes-the-sleeper");
    yield control.load;
    if (control.now.vector !== "wakeup") return;
    yield listed.store;
    listed.now = false;
    yield control.rmw;
    control.now = { ...control.now, vector: "notification" };
  },

  /** The interrupt with the wake-up vector, on the sleeper's CPU: sleepers with something posted wake. */
  *pi_wakeup_handler(vcpu: Vcpu): Task<void> {
    const { control, listed } = to_pi_desc(vcpu);
    yield listed.load;
    if (!listed.now) return;
    yield control.load;
    if (control.now.on) yield* wake_up(vcpu.wait);
  },
});

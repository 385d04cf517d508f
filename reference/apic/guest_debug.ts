/** KVM_SET_GUEST_DEBUG, as far as it keeps interrupts from the guest. Source: arch/x86/kvm/x86.c, kvm_arch_vcpu_ioctl_set_guest_debug. */
import { vcpus } from "../kvm/vcpus";
import type { Kvm, Result, Vcpu } from "../kvm/types";
import { vcpu_ioctl } from "../kvm/vcpu_ioctl";
import { down_write, up_write } from "../sync/rwsem";
import { Cell, ops, rule, type Task } from "../task";
import { apicv, to_apicv } from "./apicv";

/** Whether a vCPU has KVM_GUESTDBG_BLOCKIRQ: other vCPUs' threads look at it. */
export function to_block_irq(vcpu: Vcpu): Cell<boolean> {
  return vcpu.arch["block_irq"] as Cell<boolean>;
}

export function guest_debug_init(vcpu: Vcpu): void {
  vcpu.arch["block_irq"] = new Cell(`vcpu.${vcpu.vcpu_id}.block_irq`, false);
}

export const guest_debug = ops("guest_debug", {
  *kvm_vcpu_ioctl_set_guest_debug(vcpu: Vcpu, block_irq: boolean): Task<Result> {
    return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
      const cell = to_block_irq(vcpu);
      yield cell.store;
      cell.now = block_irq;
      yield* guest_debug.kvm_arch_vcpu_guestdbg_update_apicv_inhibit(vcpu);
      return "ok" as const;
    });
  },

  /** Asks all vCPUs, under the lock: whoever comes last sees every flag that was stored before. */
  *kvm_arch_vcpu_guestdbg_update_apicv_inhibit({ kvm }: Vcpu): Task<void> {
    if (!kvm.config.enable_apicv) return;
    const { apicv_update_lock } = to_apicv(kvm);
    yield* down_write(apicv_update_lock);
    rule("apicv.blockirq.any-vcpu");
    yield* apicv.__kvm_set_or_clear_apicv_inhibit(kvm, "BLOCKIRQ", yield* guest_debug.any_blocks(kvm));
    yield* up_write(apicv_update_lock);
  },

  *any_blocks(kvm: Kvm): Task<boolean> {
    for (const vcpu of yield* vcpus.kvm_for_each_vcpu(kvm)) {
      const cell = to_block_irq(vcpu);
      yield cell.load;
      if (cell.now) return true;
    }
    return false;
  },
});

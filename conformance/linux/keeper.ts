/**
 * VMs that nobody asks anything. While they are there, KVM need not patch its static branches each time
 * that a world comes or goes: this saves time, and QEMU 7.2 does not always survive such a patch on two CPUs.
 */
import { IOCTL, XEN_HVM_CONFIG } from "./uapi/ioctl";
import { SCRATCH } from "./world/memory";
import type { Arg, Slot } from "./agent/program";
import type { Script } from "./world/script";
import { pack } from "./uapi/uapi";

const WITH_APIC: Slot = { slot: 1 };
const WITHOUT: Slot = { slot: 2 };

/** Makes one with an interrupt controller and Xen, as far as this KVM has it, and one without; each has a vCPU. */
export function keepBranches(script: Script, kvm: Arg): void {
  script.poke(SCRATCH.at, pack("kvm_xen_hvm_config", { flags: XEN_HVM_CONFIG.EVTCHN_SEND, msr: 0x40000000 }));
  script.ioctl(kvm, IOCTL.CREATE_VM, 0, WITH_APIC.slot);
  script.ioctl(WITH_APIC, IOCTL.CREATE_IRQCHIP);
  script.ioctl(WITH_APIC, IOCTL.XEN_HVM_CONFIG, SCRATCH.at);
  script.ioctl(WITH_APIC, IOCTL.CREATE_VCPU, 0);
  script.ioctl(kvm, IOCTL.CREATE_VM, 0, WITHOUT.slot);
  script.ioctl(WITHOUT, IOCTL.CREATE_VCPU, 0);
}

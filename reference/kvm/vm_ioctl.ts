/** What every VM ioctl asks first. Source: virt/kvm/kvm_main.c, kvm_vm_ioctl. */
import { ops, rule, type Task } from "../task";
import type { HostMm } from "./memory";
import type { Kvm } from "./types";

export const vm_ioctl = ops("vm_ioctl", {
  /** `body` runs only if the memory of the calling process is the VM's: KVM maps what it needs in whichever process calls. */
  *kvm_vm_ioctl<T>(kvm: Kvm, mm: HostMm, body: () => Task<T>): Task<T | "EIO"> {
    rule("apicpg.page.in-the-vms-process");
    if (mm !== kvm.mm) return "EIO";
    return yield* body();
  },
});

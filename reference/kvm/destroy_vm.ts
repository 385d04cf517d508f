/** The end of a VM: its last file descriptor is closed. Source: virt/kvm/kvm_main.c, kvm_destroy_vm. */
import { ops, type Task } from "../task";
import type { Kvm } from "./types";

export const destroy_vm = ops("destroy_vm", {
  /** Nobody can use the VM any more. Its chapters give back what they allocated for all of it. */
  *kvm_destroy_vm(kvm: Kvm): Task<"ok"> {
    for (const chapter of kvm.chapters) if (chapter.vm_destroy) yield* chapter.vm_destroy(kvm);
    return "ok";
  },
});

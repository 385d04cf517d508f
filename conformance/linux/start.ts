/** How the adapter for KVM itself is started. */
import { Crashed } from "../adapter/door";
import type { Remote } from "../adapter/remote";

/** Which KVM: that of this machine, or that of a Debian kernel of its own under QEMU. */
export interface KvmOptions {
  readonly where: "here" | "qemu";
  /** In QEMU: kvm-amd keeps its AVIC books, though the CPU has none. */
  readonly avic: boolean;
  /** In QEMU: the kernel, as `6.1`; the newest that is there if not said. */
  readonly kernel?: string;
  /** Multiplies every deadline. */
  readonly patience: number;
}

/** Makes KVM ready to be asked. Throws Crashed, with the command that gets it, if something is not there. */
export function startKvm({ where }: KvmOptions): Promise<Remote> {
  return Promise.reject(new Crashed(`KVM ${where === "here" ? "of this machine" : "in QEMU"} cannot be driven yet`));
}

/** What is left of the module's parameters on the processor that there is. Source: arch/x86/kvm/vmx/vmx.c, hardware_setup. */
import type { Kvm } from "../kvm/types";
import { ops, rule, type Task } from "../task";

export const hardware_setup = ops("hardware_setup", {
  /** Decided before there is any VM; asked here where it matters, since a case begins with its VM. */
  *enable_ipiv({ config }: Kvm): Task<boolean> {
    rule("ipiv.module.needs-apicv-and-hardware");
    return config.enable_ipiv && config.enable_apicv && !config.lacks.has("ipi_virtualization");
  },
});

/** What a case can ask of VMX, and look at there. */
import { per_vcpu, per_vm, vcpu_fd, type Api } from "../kvm/api";
import { run } from "../kvm/run";
import type { Kvm, Vcpu } from "../kvm/types";
import { vcpu_ioctl } from "../kvm/vcpu_ioctl";
import type { Task } from "../task";
import { APIC_READ } from "./apic_access_hw";
import { access_page_reads } from "./apic_access_page";
import { apicv_controls, ENTER_L2, LEAVE_L2 } from "./apicv_controls";
import { to_vcpu_ipiv, to_vm_ipiv } from "./ipiv";
import { to_exit_reason } from "./ipiv_hw";
import { to_pi_desc } from "./posted_intr";
import { to_vmcs } from "./vmcs";

/** What the hardware would find for a vCPU: where the entry at its id leads. */
function entry_of(vcpu: Vcpu): "none" | "own" | "other" | "invalid" {
  const entry = to_vm_ipiv(vcpu.kvm).pid_table.now?.entries.get(vcpu.vcpu_id)?.now;
  if (entry === undefined) return "none";
  if (!entry.valid) return "invalid";
  return entry.vcpu === vcpu ? "own" : "other";
}

/** Which table a vCPU's VMCS makes the hardware walk. */
function table_of(vcpu: Vcpu): "none" | "current" | "stale" {
  const table = to_vcpu_ipiv(vcpu).pid_pointer_table.now;
  if (table === undefined) return "none";
  return table === to_vm_ipiv(vcpu.kvm).pid_table.now ? "current" : "stale";
}

/** The ids whose entry is not zero and leads to a vCPU that `which` is true of. */
function ids(kvm: Kvm, which: (vcpu: Vcpu) => boolean): number[] {
  const entries = [...(to_vm_ipiv(kvm).pid_table.now?.entries ?? [])];
  return entries
    .filter(([, { now }]) => now !== undefined && which(now.vcpu))
    .map(([id]) => id)
    .sort((a, b) => a - b);
}

/** By mistake: nobody refreshes what is not there to be refreshed. */
function* refresh(vcpu: Vcpu): Task<"ok"> {
  return yield* vcpu_ioctl.kvm_vcpu_ioctl(vcpu, function* () {
    yield* apicv_controls.vmx_refresh_apicv_exec_ctrl(vcpu);
    return "ok" as const;
  });
}

export const vmx_api: Api = {
  features: ["ipiv"],
  events: [
    "ipiv.pid_table.allocated",
    "vcpu.*.vmcs.*.written",
    "vcpu.*.vmcs.*.write_failed",
    "vcpu.*.vmcs02.*.written",
    "vcpu.*.pid.posted",
  ],
  calls: {
    "guest.apic_read": (kvm, { vcpu }) => run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), APIC_READ),
    "guest.enter_l2": (kvm, { vcpu }) => run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), ENTER_L2),
    "guest.leave_l2": (kvm, { vcpu }) => run.kvm_vcpu_ioctl_run(vcpu_fd(kvm, vcpu), LEAVE_L2),
    "vcpu.refresh_apicv": (kvm, { vcpu }) => refresh(vcpu_fd(kvm, vcpu)),
  },
  reads: {
    ...access_page_reads,
    "ipiv.pages": per_vm((kvm) => to_vm_ipiv(kvm).pages.now),
    "ipiv.pid_table.bytes": per_vm((kvm) => to_vm_ipiv(kvm).pid_table.now?.bytes ?? 0),
    "ipiv.pid_table.used_ids": per_vm((kvm) => ids(kvm, () => true)),
    "ipiv.pid_table.dead_ids": per_vm((kvm) => ids(kvm, ({ freed }) => freed.now)),
    "vcpu.*.pid_entry": per_vcpu(entry_of),
    "vcpu.*.pid.pir": per_vcpu((vcpu) => [...to_pi_desc(vcpu).pir.now]),
    "vcpu.*.pid.on": per_vcpu((vcpu) => to_pi_desc(vcpu).control.now.on),
    "vcpu.*.pid.listed": per_vcpu((vcpu) => to_pi_desc(vcpu).listed.now),
    "vcpu.*.pid.vector": per_vcpu((vcpu) => to_pi_desc(vcpu).control.now.vector),
    "vcpu.*.vmcs.PID_POINTER_TABLE": per_vcpu(table_of),
    "vcpu.*.vmcs.LAST_PID_POINTER_INDEX": per_vcpu((vcpu) => to_vcpu_ipiv(vcpu).last_pid_pointer_index.now),
    "vcpu.*.vmcs.VIRT_INTR_DELIVERY": per_vcpu((vcpu) => to_vmcs(vcpu).vmcs01.virt_intr_delivery.now),
    "vcpu.*.vmcs.IPI_VIRT": per_vcpu((vcpu) => to_vmcs(vcpu).vmcs01.ipi_virt.now),
    "vcpu.*.vmcs02.VIRT_INTR_DELIVERY": per_vcpu((vcpu) => to_vmcs(vcpu).vmcs02.virt_intr_delivery.now),
    "vcpu.*.vmcs02.IPI_VIRT": per_vcpu((vcpu) => to_vmcs(vcpu).vmcs02.ipi_virt.now),
    "vcpu.*.vmcs.EXIT_REASON": per_vcpu((vcpu) => to_exit_reason(vcpu).now),
  },
};

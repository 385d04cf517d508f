/**
 * A vCPU's VMCSs, as far as fields of them are looked at. Each field is a cell that the vCPU's own
 * thread writes and the hardware reads at VM entry. While the guest's guest (L2) runs, the vCPU's
 * own VMCS (vmcs01) rests and another one (vmcs02) is loaded. Source: arch/x86/kvm/vmx/vmx_ops.h.
 */
import { Cell, guarded, load_all, type Step, type Task } from "../task";
import type { Vcpu } from "../kvm/types";

export class VmcsField<T> extends Cell<T> {
  readonly write: Step;
  readonly fail: Step;

  /** `exists` is false of a control that the processor does not have. */
  constructor(
    vcpu_id: number,
    field: string,
    now: T,
    vmcs: "vmcs" | "vmcs02" = "vmcs",
    readonly exists = true,
  ) {
    super(`vcpu.${vcpu_id}.${vmcs}.${field}`, now);
    this.write = this.as("store", `${this.name}.written`);
    this.fail = this.as("store", `${this.name}.write_failed`);
  }
}

/** VMWRITE. That it fails is reported (a warning, once), and nothing changes. */
export function* vmcs_write<T>(field: VmcsField<T>, value: T): Task<void> {
  if (!field.exists) {
    yield field.fail;
    return;
  }
  yield field.write;
  field.now = value;
}

/** The controls of one VMCS that have to do with interrupts. */
export interface Controls {
  /** The secondary controls that virtualize the APIC's registers and deliver its interrupts. */
  readonly virt_intr_delivery: VmcsField<boolean>;
  /** A tertiary control: the hardware walks the table of descriptors only while it is set. */
  readonly ipi_virt: VmcsField<boolean>;
  /** Both at once, as the hardware takes them in at VM entry. */
  readonly both: Step;
}

/** Guarded by the vCPU's mutex: which VMCS is loaded, and what vmcs01 has missed meanwhile. */
export interface Nested {
  guest_mode: boolean;
  update_vmcs01_apicv_status: boolean;
  reload_vmcs01_apic_access_page: boolean;
}

interface VcpuVmcs {
  readonly vmcs01: Controls;
  readonly vmcs02: Controls;
  readonly nested: Nested;
}

export function to_vmcs(vcpu: Vcpu): VcpuVmcs {
  return vcpu.arch["vmcs"] as VcpuVmcs;
}

function controls_of({ kvm, vcpu_id }: Vcpu, vmcs: "vmcs" | "vmcs02"): Controls {
  const { lacks } = kvm.config;
  const secondary = !lacks.has("secondary_controls");
  const virt_intr_delivery = new VmcsField<boolean>(vcpu_id, "VIRT_INTR_DELIVERY", false, vmcs, secondary);
  const ipi_virt = new VmcsField<boolean>(vcpu_id, "IPI_VIRT", false, vmcs, !lacks.has("ipi_virtualization"));
  return { virt_intr_delivery, ipi_virt, both: load_all([virt_intr_delivery, ipi_virt]) };
}

export function vmcs_init(vcpu: Vcpu): void {
  vcpu.arch["vmcs"] = {
    vmcs01: controls_of(vcpu, "vmcs"),
    vmcs02: controls_of(vcpu, "vmcs02"),
    nested: guarded(vcpu.mutex, { guest_mode: false, update_vmcs01_apicv_status: false, reload_vmcs01_apic_access_page: false }),
  } satisfies VcpuVmcs;
}

/** The controls of the VMCS that is loaded: what a VMWRITE by the vCPU's thread goes to. */
export function loaded_controls(vcpu: Vcpu): Controls {
  const { vmcs01, vmcs02, nested } = to_vmcs(vcpu);
  return nested.guest_mode ? vmcs02 : vmcs01;
}

/**
 * A vCPU's VMCS, as far as fields of it are looked at. Each is a cell that the vCPU's own thread
 * writes and the hardware reads at VM entry. Source: arch/x86/kvm/vmx/vmx_ops.h.
 */
import { Cell, type Step, type Task } from "../task";

export class VmcsField<T> extends Cell<T> {
  readonly write: Step;

  constructor(vcpu_id: number, field: string, now: T) {
    super(`vcpu.${vcpu_id}.vmcs.${field}`, now);
    this.write = this.as("store", `${this.name}.written`);
  }
}

export function* vmcs_write<T>(field: VmcsField<T>, value: T): Task<void> {
  yield field.write;
  field.now = value;
}

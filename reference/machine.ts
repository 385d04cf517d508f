/** One world: a VM as `given` describes it. */
import type { Given } from "../spec/generated/types";
import { apic_chapter } from "./apic/chapter";
import { hyperv_chapter } from "./hyperv/chapter";
import { create_vcpu } from "./kvm/create_vcpu";
import type { Chapter, Config, Kvm } from "./kvm/types";
import { config_of, create_vm } from "./kvm/vm";
import { svm_chapter } from "./svm/chapter";
import { FaultBudget } from "./sync/fault";
import { built } from "./sync/lockdep";
import { advance, type KThread, type Ops, type Report, type Running, type Task } from "./task";
import { vmx_chapter } from "./vmx/chapter";
import { xen_chapter } from "./xen/chapter";

/** The chapters that a backend brings, in the order in which they are called. */
const CHAPTERS: Record<Config["backend"], readonly Chapter[]> = {
  vmx: [apic_chapter, vmx_chapter, hyperv_chapter, xen_chapter],
  svm: [apic_chapter, svm_chapter, hyperv_chapter, xen_chapter],
  none: [apic_chapter, hyperv_chapter, xen_chapter],
};

export class Machine implements Running {
  readonly kvm: Kvm;
  readonly reports: Report[] = [];
  readonly faults: FaultBudget;

  constructor(
    given: Given,
    readonly ops: Ops,
    readonly marks: Running["marks"],
    faults = 0,
  ) {
    const config = config_of(given);
    this.kvm = create_vm(config, CHAPTERS[config.backend]);
    this.faults = new FaultBudget(faults);
    boot(this, given);
  }
}

/** Builds what is given, on a thread that nothing races with, and whose marks and nested locks do not count. */
function boot(machine: Machine, given: Given): void {
  const { kvm } = machine;
  const quiet: Running = { ops: machine.ops, marks: { add: () => undefined }, reports: machine.reports, faults: new FaultBudget(0) };
  const run = (task: Task<unknown>): void => {
    const thread: KThread = { name: "boot", stack: { name: "boot", held: [], preempt_count: 0, irqs_off: 0 }, frames: [], task };
    do {
      if (thread.next?.ready?.(thread) === false)
        throw new Error(`the given world cannot be built: ${thread.next.on[0]?.name ?? "a step"} blocks`);
      advance(thread, quiet);
    } while (thread.task !== undefined);
  };
  for (const chapter of kvm.chapters) chapter.vm_init?.(kvm);
  kvm.irqchip_mode.now = given.irqchip ?? "kernel";
  for (let id = 0; id < (given.vcpus ?? 0); id++) run(create_vcpu.kvm_vm_ioctl_create_vcpu(kvm, BigInt(id)));
  for (const chapter of kvm.chapters) if (chapter.given) run(chapter.given(kvm, given));
  built(kvm.kvm_lock.graph);
}

/** One world: a VM as `given` describes it, and the kernel threads that make calls in it. */
import type { Given, RuleId } from "../spec/generated/types";
import { apic_chapter } from "./apic/chapter";
import { hyperv_chapter } from "./hyperv/chapter";
import { create_vcpu } from "./kvm/create_vcpu";
import type { Chapter, Config, Kvm } from "./kvm/types";
import { config_of, create_vm } from "./kvm/vm";
import { svm_chapter } from "./svm/chapter";
import { FaultBudget } from "./sync/fault";
import { handler, interruptible } from "./sync/handler";
import { advance, type KThread, type Ops, type Report, type Running, type Stack, type Step, type Task } from "./task";
import { vmx_chapter } from "./vmx/chapter";
import { xen_chapter } from "./xen/chapter";

/** The chapters that a backend brings, in the order in which they are called. */
const CHAPTERS: Record<Config["backend"], readonly Chapter[]> = {
  vmx: [apic_chapter, vmx_chapter, hyperv_chapter, xen_chapter],
  svm: [apic_chapter, svm_chapter, hyperv_chapter, xen_chapter],
  none: [apic_chapter, hyperv_chapter, xen_chapter],
};

/** A thread of the world. A handler runs on its owner's stack, and the owner stands still meanwhile. */
export interface MachineThread extends KThread {
  readonly owner?: MachineThread | undefined;
  /** Whether a handler has taken its first step. */
  started: boolean;
  /** What the door says of it; one object, so that a step costs none. */
  readonly standing: { next: Step | undefined; ready: boolean; returned: unknown; readonly stack?: string; path?: string[] };
}

export class Machine implements Running {
  readonly kvm: Kvm;
  readonly reports: Report[] = [];
  readonly threads = new Map<string, MachineThread>();
  readonly standings: Record<string, MachineThread["standing"]> = {};
  private handlers = false;
  readonly faults: FaultBudget;

  constructor(
    given: Given,
    readonly ops: Ops,
    readonly marks: Set<RuleId>,
    faults = 0,
  ) {
    const config = config_of(given);
    this.kvm = create_vm(config, CHAPTERS[config.backend]);
    this.faults = new FaultBudget(0);
    boot(this, given);
    this.faults = new FaultBudget(faults);
  }

  /** The thread of this name; made when it is first asked for. */
  thread(name: string, interrupts?: string): MachineThread {
    const known = this.threads.get(name);
    if (known !== undefined) return known;
    const owner = interrupts === undefined ? undefined : this.thread(interrupts);
    const standing = { next: undefined, ready: false, returned: undefined, ...(owner && { stack: owner.name }) };
    const made = { name, owner, stack: owner?.stack ?? stack_of(name), frames: [], started: false, standing };
    this.threads.set(name, made);
    this.standings[name] = standing;
    this.handlers ||= owner !== undefined;
    return made;
  }

  /** Begins a call: the lines before its first announcement, which touch nothing shared. */
  begin(thread: MachineThread, task: Task<unknown>): void {
    thread.task = thread.owner === undefined ? task : handler(thread.stack, task);
    thread.next = undefined;
    thread.started = false;
    this.advance(thread, 0);
    thread.started = false;
  }

  advance(thread: MachineThread, pick: number): void {
    thread.started = true;
    advance(thread, this, pick);
    if (thread.task === undefined) this.left_clean(thread);
  }

  /** Whether a thread's announced step could be taken now. */
  ready(thread: MachineThread): boolean {
    const { next, owner, stack } = thread;
    if (next === undefined) return false;
    if (this.handlers && this.is_interrupted(thread)) return false;
    if (owner !== undefined && !thread.started && !interruptible(stack)) return false;
    return next.ready === undefined || next.ready(thread);
  }

  /** Whether a handler runs on this thread's stack: then the thread stands still. */
  private is_interrupted(thread: MachineThread): boolean {
    for (const other of this.threads.values())
      if (other !== thread && other.stack === thread.stack && other.owner && other.task && other.started) return true;
    return false;
  }

  private left_clean({ stack, owner, name }: MachineThread): void {
    if (owner !== undefined) return;
    for (const { lock } of stack.held) this.reports.push({ check: "leak", what: `${name} returns with ${lock.name} held` });
    if (stack.preempt_count !== 0 || stack.irqs_off !== 0) this.reports.push({ check: "leak", what: `${name} returns in atomic context` });
  }
}

function stack_of(name: string): Stack {
  return { name, held: [], preempt_count: 0, irqs_off: 0 };
}

/** Builds what is given, on a thread that nothing races with and whose marks do not count. */
function boot(machine: Machine, given: Given): void {
  const { kvm } = machine;
  const quiet: Running = { ops: machine.ops, marks: new Set(), reports: machine.reports, faults: machine.faults };
  const run = (task: Task<unknown>): void => {
    const thread: KThread = { name: "boot", stack: stack_of("boot"), frames: [], task };
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
}

/**
 * Interrupts between host CPUs. An interrupt is acknowledged at once if the CPU has interrupts on,
 * else when it turns them on. What a sender awaits is that acknowledgement, not that the CPU is
 * still out of the guest when it comes.
 */
import { report, running, step, type Step, type Task, type Thing } from "../task";
import { irq_restore, irq_save } from "./context";

/** A host CPU, as far as interrupts go. Each vCPU thread has one of its own. */
export class Pcpu implements Thing {
  irqs_off = false;
  posted = 0;
  acked = 0;
  readonly arm: Step;

  constructor(readonly name: string) {
    this.arm = step("arm", [this]);
  }
}

export function* local_irq_disable(cpu: Pcpu): Task<void> {
  yield cpu.arm;
  cpu.irqs_off = true;
  irq_save();
}

export function* local_irq_enable(cpu: Pcpu): Task<void> {
  yield cpu.arm;
  cpu.irqs_off = false;
  cpu.acked = cpu.posted;
  irq_restore();
}

/** Posts an interrupt and returns the ticket to await. */
export function* send_ipi(cpu: Pcpu): Task<number> {
  yield cpu.arm;
  const ticket = ++cpu.posted;
  if (!cpu.irqs_off) cpu.acked = ticket;
  return ticket;
}

export function* await_ipi(cpu: Pcpu, ticket: number): Task<void> {
  // Spinning for an answer with interrupts off would deadlock with a CPU that does the same.
  if (running().stack.irqs_off > 0) report("atomic-sleep", `${running().stack.name} waits for ${cpu.name} with interrupts off`);
  yield step("await", [cpu], undefined, () => cpu.acked >= ticket);
}

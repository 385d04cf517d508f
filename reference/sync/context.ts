/** Where sleeping is forbidden: the preempt count and the interrupt state of the running stack. */
import { report, running } from "../task";

/** No handler may start on this stack, and nothing may sleep on it, until `preempt_enable`. */
export function preempt_disable(): void {
  running().stack.preempt_count++;
}

export function preempt_enable(): void {
  running().stack.preempt_count--;
}

/** Like `local_irq_save`: interrupts stay off on this stack until the matching `irq_restore`. */
export function irq_save(): void {
  running().stack.irqs_off++;
}

export function irq_restore(): void {
  running().stack.irqs_off--;
}

/** Whether the running stack may not sleep. */
export function in_atomic(): boolean {
  const { stack } = running();
  return stack.preempt_count > 0 || stack.irqs_off > 0;
}

/** What a function that can sleep says first, as in the kernel: sleeping in atomic context is a finding. */
export function might_sleep(what: string): void {
  if (in_atomic()) report("atomic-sleep", `${what} may sleep, and ${running().stack.name} is in atomic context`);
}

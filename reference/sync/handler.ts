/** Code that runs on the stack of a thread that it interrupts: a preemption, an interrupt. */
import { step, type Stack, type Task } from "../task";

/** A handler's first step is its start: nothing of it runs before the point that the explorer chooses. */
export function* handler<T>(interrupted: Stack, task: Task<T>): Task<T> {
  yield step("start", [interrupted]);
  return yield* task;
}

/** Whether a handler may start on this stack now. */
export function interruptible({ preempt_count, irqs_off }: Stack): boolean {
  return preempt_count === 0 && irqs_off === 0;
}

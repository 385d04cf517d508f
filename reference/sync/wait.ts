/** A wait queue: prepare, look at the condition, then sleep until somebody wakes the queue. */
import { step, type Step, type Task, type Thing } from "../task";
import { might_sleep } from "./context";

/** One sleeper; once woken it stays woken. */
export interface Waiter {
  woken: boolean;
}

export class WaitQueue implements Thing {
  readonly waiters = new Set<Waiter>();
  readonly arm: Step;
  readonly wake: Step;

  /** `woken` is the event that claims see in a wake-up, whether or not anybody sleeps. */
  constructor(
    readonly name: string,
    woken?: string,
  ) {
    this.arm = step("arm", [this]);
    this.wake = step("arm", [this], woken);
  }
}

/**
 * Wake-ups from here on are not lost: look at the condition only after this. Who was woken for
 * nothing gives back its old place for a new one.
 */
export function* prepare_to_wait(queue: WaitQueue, woken?: Waiter): Task<Waiter> {
  yield queue.arm;
  if (woken !== undefined) queue.waiters.delete(woken);
  const waiter = { woken: false };
  queue.waiters.add(waiter);
  return waiter;
}

export function* schedule(queue: WaitQueue, waiter: Waiter): Task<void> {
  might_sleep(queue.name);
  yield step("await", [queue], undefined, () => waiter.woken);
}

export function* finish_wait(queue: WaitQueue, waiter: Waiter): Task<void> {
  yield queue.arm;
  queue.waiters.delete(waiter);
}

export function* wake_up(queue: WaitQueue): Task<void> {
  yield queue.wake;
  for (const waiter of queue.waiters) waiter.woken = true;
}

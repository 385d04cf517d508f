/** A readers-writer semaphore: as a readers-writer lock, but its holders and waiters may sleep. */
import type { Task } from "../task";
import { might_sleep } from "./context";
import { give_read, give_write, take_read, take_write, type ReadersWriter } from "./rwlock";

export function* down_read(sem: ReadersWriter): Task<void> {
  might_sleep(sem.name);
  yield* take_read(sem);
}

export function* up_read(sem: ReadersWriter): Task<void> {
  yield* give_read(sem);
}

export function* down_write(sem: ReadersWriter): Task<void> {
  might_sleep(sem.name);
  yield* take_write(sem);
}

export function* up_write(sem: ReadersWriter): Task<void> {
  yield* give_write(sem);
}

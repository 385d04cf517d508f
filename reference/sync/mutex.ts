/** A mutex: one holder, may sleep. */
import { running, type Task } from "../task";
import { might_sleep } from "./context";
import { Exclusive } from "./exclusive";
import { acquired, acquiring, released } from "./lockdep";

export class Mutex extends Exclusive {}

export function* mutex_lock(mutex: Mutex): Task<void> {
  might_sleep(mutex.name);
  acquiring(mutex, "write", mutex.graph);
  yield mutex.lock;
  mutex.owner = running().stack;
  acquired(mutex, "write");
}

export function* mutex_unlock(mutex: Mutex): Task<void> {
  yield mutex.unlock;
  mutex.owner = undefined;
  released(mutex);
}

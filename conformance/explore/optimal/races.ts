/**
 * The races of E: pairs of events whose order could have been the other way round. An event races
 * with e if e is in its past only through the two of them being dependent. An acquire, which may
 * have to wait, has races of its own (locks.ts, handlers.ts).
 */
import type { Execution } from "./execution";
import { racesOfHandlers } from "./handlers";
import { racesOfAcquire } from "./locks";
import { Role, THREADS } from "./steps";

/** A step that nobody could take in the end: its thread's bit-wise complement stands for it in a race. */
export const pending = (thread: number): number => ~thread;

/** The races found in E so far, oldest first: each an event, and the later event or pending step. */
export class Races {
  length = 0;
  first = new Int32Array(1024);
  second = new Int32Array(1024);
  /** Whether the first is all that the second depends on, so that nothing else need be put off with it. */
  immediate = new Uint8Array(1024);
  /** For each thread, with whom it has ever raced. */
  private readonly raced = new Int32Array(THREADS);
  /** Whether the race need not be looked at again as long as both events stay. */
  settled = new Uint8Array(1024);
  private readonly candidates: number[] = [];

  constructor(private readonly execution: Execution) {}

  /** Finds the races of an event that was appended, and works out its clock. */
  close(event: number): void {
    const { execution } = this;
    const { steps } = execution;
    const step = execution.step[event] as number;
    const role = steps.role[step] as Role;
    const row = execution.row(event);
    if (role === Role.Write || role === Role.Read) racesOfAcquire(this, execution, step, row, event);
    if (steps.isInterrupted(step)) racesOfHandlers(this, execution, step, row, event);
    const found = this.dependencies(step, row);
    for (let i = 0; i < found; i++) {
      const earlier = this.candidates[i] as number;
      if (execution.isIn(earlier, row)) continue;
      if (isReversible(execution, earlier, step, role)) this.add(earlier, event, true);
      execution.join(row, execution.row(earlier));
    }
    execution.finish(event);
  }

  add(first: number, second: number, immediate = false): void {
    if (this.length === this.first.length) this.grow();
    const one = this.execution.thread[first] as number;
    const other = second >= 0 ? (this.execution.thread[second] as number) : pending(second);
    this.raced[one] = (this.raced[one] as number) | (1 << other);
    this.raced[other] = (this.raced[other] as number) | (1 << one);
    this.first[this.length] = first;
    this.second[this.length] = second;
    this.settled[this.length] = 0;
    this.immediate[this.length++] = immediate ? 1 : 0;
  }

  /** Forgets the races of the events from this place on. */
  cut(from: number): void {
    while (this.length > 0 && (this.second[this.length - 1] as number) >= from) this.length--;
  }

  /** The newest events that this one depends on, one for each chain, if they are not in its past anyway; newest first. */
  private dependencies(step: number, row: number): number {
    const { execution } = this;
    const { steps, newestIn, last } = execution;
    const against = steps.against[step] as number[];
    let found = 0;
    for (let i = 0; i < against.length; i++) found = this.sortIn(found, newestIn[against[i] as number] as number, row);
    if (steps.isInterrupted(step))
      for (const thread of steps.on[steps.stack[step] as number] as number[]) found = this.sortIn(found, last[thread] as number, row);
    return found;
  }

  /** Makes an event one more of the candidates that were found, unless it is in the past that the clock at `row` tells of. */
  private sortIn(found: number, event: number, row: number): number {
    const { execution, candidates } = this;
    if (event < 0 || execution.isIn(event, row)) return found;
    let place = found;
    for (; place > 0 && (candidates[place - 1] as number) < event; place--) candidates[place] = candidates[place - 1] as number;
    candidates[place] = event;
    return found + 1;
  }

  /** The threads with which this one has raced in any run, as a set in a word. */
  partners(thread: number): number {
    return this.raced[thread] as number;
  }

  private grow(): void {
    const { first, second, immediate, settled } = this;
    const size = first.length * 2;
    (this.first = new Int32Array(size)).set(first);
    (this.second = new Int32Array(size)).set(second);
    (this.immediate = new Uint8Array(size)).set(immediate);
    (this.settled = new Uint8Array(size)).set(settled);
  }
}

/** Whether two dependent events may race as they stand: not through a lock, nor through a stack, which have races of their own. */
function isReversible({ steps, step: taken }: Execution, earlier: number, step: number, role: Role): boolean {
  const other = taken[earlier] as number;
  if ((role === Role.Write || role === Role.Read) && steps.object[other] === steps.object[step]) return false;
  return steps.stack[other] !== steps.stack[step];
}

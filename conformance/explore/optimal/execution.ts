/**
 * E, the execution that is being explored: its events in order, and which of them happened before
 * which. Happens-before is kept as vector clocks: an event's clock says, for each thread, how many
 * of its events are in the event's past.
 */
import { Role, THREADS, type Steps } from "./steps";

/** Where E keeps the clock of no event: no past at all. */
const NOTHING = -1;

/** Where the races that are found go: an event, and the later event or pending step that it races with. */
export interface RaceList {
  add(first: number, second: number): void;
}

/** E, as arrays by the place of an event. An event is known by that place. */
export class Execution {
  length = 0;
  /** How many threads there are; which of them can go on is a set in a word. */
  threads = 0;
  /** The threads that wait, once E is maximal, in the middle of something: no handler that has not started. */
  unfinished = 0;
  step = new Int32Array(256);
  thread = new Uint8Array(256);
  /** The event's place among those of its thread, from 1. */
  index = new Int32Array(256);
  /** The event before it in its thread; for a thread's first, the one that started the thread, or -1. */
  previous = new Int32Array(256);
  /** The event before it on the same lock or SRCU domain, or -1. */
  previousOn = new Int32Array(256);
  /** The event before it in the chain of its step, or -1. */
  previousIn = new Int32Array(256);
  /** The threads that could go on before the event was taken. */
  able = new Int32Array(256);
  /** For a try to read: whether it got the lock. */
  got = new Uint8Array(256);
  /** Clocks, THREADS places each; see `row`. */
  clock = new Uint16Array(258 * THREADS);
  /** The last event of each thread, and what started it. */
  readonly last = new Int32Array(THREADS).fill(NOTHING);
  readonly startedBy = new Int32Array(THREADS).fill(NOTHING);
  /** The newest event in each chain of steps, or -1. */
  newestIn = new Int32Array(64).fill(NOTHING);
  /** The last event on each lock or SRCU domain. */
  private readonly lastOn: number[] = [];

  constructor(readonly steps: Steps) {}

  /** Where the clock of an event begins in `clock`. Of none (-1): a clock without a past. */
  row(event: number): number {
    return (event + 2) * THREADS;
  }

  /** Where a clock that is no event's can be worked out. */
  readonly scratch = 0;

  /** Whether an event is in the past that the clock at `row` tells of. */
  isIn(event: number, row: number): boolean {
    return (this.clock[row + (this.thread[event] as number)] as number) >= (this.index[event] as number);
  }

  /** Adds the past of one clock to another. */
  join(into: number, from: number): void {
    const { clock, threads } = this;
    for (let t = 0; t < threads; t++)
      if ((clock[from + t] as number) > (clock[into + t] as number)) clock[into + t] = clock[from + t] as number;
  }

  copy(into: number, from: number): void {
    const { clock, threads } = this;
    for (let t = 0; t < threads; t++) clock[into + t] = clock[from + t] as number;
  }

  /** The event that the thread's next one comes right after, or -1. */
  before(thread: number): number {
    const last = this.last[thread] as number;
    return last >= 0 ? last : (this.startedBy[thread] as number);
  }

  /** The newest event on a lock or SRCU domain, or -1. */
  newestOn(object: number): number {
    return this.lastOn[object] ?? NOTHING;
  }

  /** Some threads are there for the first time: the newest event started them, or, before any, the case did. */
  welcome(threads: number): void {
    for (let t = this.threads; t < threads; t++) {
      this.last[t] = NOTHING;
      this.startedBy[t] = this.length - 1;
      for (let e = NOTHING; e < this.length; e++) this.clock[this.row(e) + t] = 0;
    }
    this.threads = threads;
  }

  /** Appends an event; its clock is as yet that of the event before it in its thread. */
  append(step: number, able: number): number {
    const { steps, length: event } = this;
    if (event === this.step.length) this.grow();
    if (steps.chains > this.newestIn.length) this.knowMore();
    const thread = steps.thread[step] as number;
    const object = steps.object[step] as number;
    this.step[event] = step;
    this.thread[event] = thread;
    this.able[event] = able;
    const last = this.last[thread] as number;
    const previous = last >= 0 ? last : (this.startedBy[thread] as number);
    this.previous[event] = previous;
    this.index[event] = last >= 0 ? (this.index[last] as number) + 1 : 1;
    this.copy(this.row(event), this.row(previous));
    if (object >= 0) {
      this.previousOn[event] = this.newestOn(object);
      if (steps.role[step] === Role.TryRead) this.got[event] = this.isFree(object) ? 1 : 0;
    }
    this.length++;
    return event;
  }

  /** The event's clock is worked out: now its own place counts too, and it is the newest. */
  finish(event: number): void {
    const thread = this.thread[event] as number;
    const step = this.step[event] as number;
    const object = this.steps.object[step] as number;
    const chain = this.steps.chain[step] as number;
    this.previousIn[event] = this.newestIn[chain] as number;
    this.newestIn[chain] = event;
    this.clock[this.row(event) + thread] = this.index[event] as number;
    this.last[thread] = event;
    if (object >= 0) this.lastOn[object] = event;
  }

  /** Takes all but the first events away, and the threads that they started. */
  cut(length: number): void {
    const { steps, newestIn, previousIn, last, startedBy } = this;
    while (this.length > length) {
      const event = --this.length;
      const step = this.step[event] as number;
      const object = steps.object[step] as number;
      newestIn[steps.chain[step] as number] = previousIn[event] as number;
      last[this.thread[event] as number] = (this.index[event] as number) > 1 ? (this.previous[event] as number) : NOTHING;
      if (object >= 0) this.lastOn[object] = this.previousOn[event] as number;
    }
    while (this.threads > 0 && (startedBy[this.threads - 1] as number) >= length) this.threads--;
  }

  /** Whether nobody holds this lock for writing. */
  private isFree(lock: number): boolean {
    for (let e = this.newestOn(lock); e >= 0; e = this.previousOn[e] as number) {
      const role = this.steps.role[this.step[e] as number];
      if (role === Role.Write) return false;
      if (role === Role.EndWrite) return true;
    }
    return true;
  }

  /** Makes room for as many chains as there are. */
  private knowMore(): void {
    const known = this.newestIn;
    (this.newestIn = new Int32Array(2 * this.steps.chains).fill(NOTHING)).set(known);
  }

  private grow(): void {
    const size = this.step.length * 2;
    const longer = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const made = new Int32Array(size);
      made.set(old);
      return made;
    };
    this.step = longer(this.step);
    this.index = longer(this.index);
    this.previous = longer(this.previous);
    this.previousOn = longer(this.previousOn);
    this.previousIn = longer(this.previousIn);
    this.able = longer(this.able);
    const { thread, got, clock } = this;
    (this.thread = new Uint8Array(size)).set(thread);
    (this.got = new Uint8Array(size)).set(got);
    (this.clock = new Uint16Array((size + 2) * THREADS)).set(clock);
  }
}

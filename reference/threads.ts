/**
 * The kernel threads of a world, as somebody outside drives them: they begin calls, take their
 * announced steps one at a time, and say where they stand. What was asked of them is remembered, so
 * that the next world can be brought to where this one was, at once and by itself.
 */
import type { Standing, Value } from "../spec/generated/types";
import { handler, interruptible } from "./sync/handler";
import { advance, is_same, shares, type Report, type Running, type Step, type Task } from "./task";
import { new_thread, type Moved, type Stands, type Thread } from "./thread";

/** Begins a call in a world: the kernel code that it runs. */
export type Begin<World> = (world: World) => Task<unknown>;

/** The threads of one world after the other; their objects are used again. */
export class Threads<World extends Running> {
  private world: World | undefined;
  private worlds = 0;
  /** The first `count` are those of this world, in the order in which they came; what comes after them is left from another. */
  private readonly all: Thread[] = [];
  private count = 0;
  private readonly by_name = new Map<string, Thread>();
  /** Those whose step may have to wait: what others do can change that. */
  private readonly waiting: Thread[] = [];
  /** The others that stand elsewhere since the last step. */
  private readonly others: Thread[] = [];
  private handlers = false;
  /** How many threads the last reply was about. */
  private told = 0;
  /** What was asked, one request at a place: who began which call; or, with which pick, took which announced step. */
  private readonly who: Thread[] = [];
  private readonly picks: number[] = [];
  private readonly what: (Begin<World> | Step | undefined)[] = [];
  private asked = 0;
  private shown: Stands = { threads: {} };
  private shows: Thread[] = [];

  /** Goes over to a fresh world. */
  enter(world: World): void {
    this.world = world;
    this.worlds++;
    // Quicker than to set the length of `all`.
    this.count = 0;
    if (this.waiting.length > 0) this.waiting.length = 0;
    this.handlers = false;
    this.asked = this.told = 0;
  }

  /** Goes over to a fresh world, and asks there the first so many things that were asked in the last one. False if a thread does not announce what it did then. */
  again(world: World, requests: number): boolean {
    const { who, what, picks } = this;
    const asked = Math.min(requests, this.asked);
    this.enter(world);
    for (; this.asked < asked; this.asked++) {
      const at = this.asked;
      const thread = who[at] as Thread;
      const asked_for = what[at];
      if (typeof asked_for === "function") this.start(thread, asked_for);
      else {
        const { next } = thread;
        if (next !== asked_for) {
          if (!is_same(asked_for, next)) return false;
          // The one of this world: that of another would keep all of it alive.
          what[at] = next;
        }
        this.advance(thread, picks[at] as number);
      }
    }
    return true;
  }

  /** A thread begins a call: the lines before its first announcement, which touch nothing shared. */
  begin(name: string, interrupts: string | undefined, begin: Begin<World>): Stands {
    const thread = this.thread(name, interrupts);
    this.remember(thread, begin, 0);
    this.start(thread, begin);
    return this.elsewhere(thread, undefined).length === 0 ? this.with_reports(thread.began) : this.standings();
  }

  /** A thread takes its announced step. */
  step(name: string, pick: number): Stands | Moved {
    const thread = this.by_name.get(name);
    if (thread?.world !== this.worlds) throw new Error(`there is no thread ${name}`);
    return this.take(thread, pick).length === 0 ? this.with_reports(thread.moved) : this.standings();
  }

  /** As above, for whoever is in this process too. Gives the others that stand elsewhere now. */
  take(thread: Thread, pick: number): readonly Thread[] {
    const step = thread.next;
    this.remember(thread, step, pick);
    this.advance(thread, pick);
    return this.elsewhere(thread, step);
  }

  /** Takes what was reported. */
  reports(): readonly Report[] {
    const { reports } = this.world as World;
    return reports.length === 0 ? reports : reports.splice(0);
  }

  /** The thread of this name. */
  of(name: string): Thread {
    const thread = this.by_name.get(name);
    if (thread === undefined) throw new Error(`there is no thread ${name}`);
    return thread;
  }

  /** The world starts a thread by itself. */
  spawn(name: string, task: Task<unknown>): void {
    this.start(this.thread(name), () => task);
  }

  /** Where each thread stands. The objects are used again: they are true until the next request. */
  standings(): Stands {
    const { all, count } = this;
    for (let i = 0; i < count; i++) if (!this.is_told(all[i] as Thread)) this.update(all[i] as Thread);
    this.told = count;
    if (!this.shows_all()) {
      this.shows = all.slice(0, count);
      this.shown = { threads: Object.fromEntries(this.shows.map((thread) => [thread.name, thread.standing])) };
    }
    return this.with_reports(this.shown);
  }

  /**
   * Brings up to date what is said of a thread that took a step, or began a call, and of the others that
   * stand elsewhere since: those that may have to wait for what the step touched, and can go on now, or not
   * any more. With handlers, or after a thread was started, that may be all.
   */
  private elsewhere(thread: Thread, step: Step | undefined): readonly Thread[] {
    const { all, count, others } = this;
    // Quicker than to set its length.
    while (others.length > 0) others.pop();
    this.update(thread);
    if (this.handlers || this.told !== count) {
      this.told = count;
      for (let i = 0; i < count; i++) {
        const other = all[i] as Thread;
        if (other === thread) continue;
        this.update(other);
        others.push(other);
      }
      return others;
    }
    if (step === undefined) return others;
    for (const other of this.waiting) {
      if (other === thread || !shares(step, other.next)) continue;
      const ready = this.ready(other);
      if (ready === other.standing.ready) continue;
      other.standing.ready = ready;
      others.push(other);
    }
    return others;
  }

  /** Whether what was said of a thread last, in whichever world, is true of it now: of most it is. */
  private is_told({ next, standing, frames }: Thread): boolean {
    if (this.handlers || frames.length > 0 || next !== standing.next || next?.ready !== undefined) return false;
    return standing.ready === (next !== undefined);
  }

  private update(thread: Thread): void {
    const { standing, next, frames, waits } = thread;
    standing.next = next as Standing["next"];
    standing.ready = next !== undefined && this.ready(thread);
    standing.returned = next === undefined ? (thread.returned as Value) : undefined;
    if (frames.length > 0) standing.path = [...frames];
    if (next?.ready !== undefined) {
      if (waits < 0) thread.waits = this.waiting.push(thread) - 1;
    } else if (waits >= 0) {
      const last = this.waiting.pop();
      if (last !== undefined && last !== thread) this.waiting[(last.waits = waits)] = last;
      thread.waits = -1;
    }
  }

  private with_reports<Says extends Stands | Moved>(stands: Says): Says {
    const { reports } = this.world as World;
    return reports.length === 0 ? stands : { ...stands, reports: reports.splice(0) };
  }

  protected advance(thread: Thread, pick: number): void {
    thread.started = true;
    advance(thread, this.world as World, pick);
    if (thread.task === undefined) this.left_clean(thread);
  }

  /** Whether a thread's announced step could be taken now. */
  protected ready(thread: Thread): boolean {
    const { next, owner, stack } = thread;
    if (this.handlers && this.is_interrupted(thread)) return false;
    if (owner !== undefined && !thread.started && !interruptible(stack)) return false;
    return next?.ready === undefined || next.ready(thread);
  }

  /** Whether a handler runs on this thread's stack: then the thread stands still. */
  private is_interrupted(thread: Thread): boolean {
    for (let i = 0; i < this.count; i++) {
      const other = this.all[i] as Thread;
      if (other !== thread && other.stack === thread.stack && other.owner && other.task && other.started) return true;
    }
    return false;
  }

  private left_clean({ stack, owner, name }: Thread): void {
    if (owner !== undefined) return;
    const { reports } = this.world as World;
    for (const { lock } of stack.held) reports.push({ check: "leak", what: `${name} returns with ${lock.name} held` });
    if (stack.preempt_count !== 0 || stack.irqs_off !== 0) reports.push({ check: "leak", what: `${name} returns in atomic context` });
  }

  private start(thread: Thread, begin: Begin<World>): void {
    if (thread.world !== this.worlds) this.join(thread);
    const task = begin(this.world as World);
    thread.next = undefined;
    thread.task = thread.owner === undefined ? task : handler(thread.stack, task);
    this.advance(thread, 0);
    thread.started = false;
  }

  private remember(thread: Thread, what: Begin<World> | Step | undefined, pick: number): void {
    const at = this.asked++;
    this.who[at] = thread;
    this.what[at] = what;
    this.picks[at] = pick;
  }

  /** The thread of this name; made when it is first asked for. */
  private thread(name: string, interrupts?: string): Thread {
    const owner = interrupts === undefined ? undefined : this.thread(interrupts);
    let thread = this.by_name.get(name);
    if (thread === undefined || thread.owner !== owner) {
      thread = new_thread(name, owner);
      this.by_name.set(name, thread);
    }
    if (thread.world !== this.worlds) this.join(thread);
    return thread;
  }

  /** A thread that this world did not have. What it was in the middle of in the last one is gone. */
  private join(thread: Thread): void {
    const { owner, stack, frames } = thread;
    thread.world = this.worlds;
    thread.task = thread.next = thread.returned = undefined;
    thread.started = false;
    thread.waits = -1;
    if (frames.length > 0) frames.length = 0;
    this.all[this.count++] = thread;
    if (owner === undefined) {
      if (stack.held.length > 0) stack.held.length = 0;
      stack.current = undefined;
      stack.preempt_count = stack.irqs_off = 0;
    } else {
      this.handlers = true;
      if (owner.world !== this.worlds) this.join(owner);
    }
  }

  private shows_all(): boolean {
    const { all, count, shows } = this;
    if (count !== shows.length) return false;
    for (let i = 0; i < count; i++) if (all[i] !== shows[i]) return false;
    return true;
  }
}

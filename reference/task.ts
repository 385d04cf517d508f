/**
 * The step: what a kernel thread does between two points where another thread could run.
 *
 * Kernel-like code is a generator. It *announces* each step with `yield`, and takes it in the
 * plain lines that follow, up to the next `yield`. The announced object is at once the scheduling
 * point, the dependency that the explorer uses, the line in a trace and the event that a claim
 * about order counts. Everything else in this project rests on the table of kinds in spec/steps.ts.
 */
import type { RuleId } from "../spec/generated/types";
import type { Kind } from "../spec/steps";

/** Anything with a name that a step can touch; the name is dotted and unique in its world. */
export interface Thing {
  readonly name: string;
}

/**
 * What a thread announces.
 *
 * `ready` looks at nothing but the objects in `on`; without it the step is always enabled. A step
 * with `picks` has that many outcomes, and the number chosen is what `yield` returns. `event` is
 * the name under which claims about order and number see the step.
 */
export interface Step {
  readonly kind: Kind;
  readonly on: readonly Thing[];
  readonly ready: ((by: KThread) => boolean) | undefined;
  readonly picks: number | undefined;
  readonly event: string | undefined;
}

/** Makes a step. All are made here, so that all have one shape: they are looked at more than anything else. */
export function step(kind: Kind, on: readonly Thing[], event?: string, ready?: Step["ready"], picks?: number): Step {
  return { kind, on, ready, picks, event };
}

/** Whether this is a step: an object like any other, but one that never changes. */
export function is_step(value: unknown): value is Step {
  return typeof value === "object" && value !== null && "kind" in value && "on" in value;
}

/** Kernel code that can be stopped at each step. `yield` returns the explorer's pick, else 0. */
export type Task<T> = Generator<Step, T, number>;

/** One acquisition that a thread has not given back. */
export interface Held {
  readonly lock: Thing;
  readonly mode: "read" | "write";
  /** On which call path it was taken, if call paths are kept. */
  readonly path?: string;
}

/**
 * What the scheduler knows of one flow of control. A handler (`sched.preempt`, an interrupt) runs
 * on its owner's stack: it shares the owner's `stack`, so locks that it meets belong to the owner.
 */
export interface KThread {
  readonly name: string;
  readonly stack: Stack;
  readonly frames: string[];
  task?: Task<unknown> | undefined;
  next?: Step | undefined;
  returned?: unknown;
}

/** What belongs to a thread of execution whatever runs on it: held locks, and why it may not sleep. */
export interface Stack {
  readonly name: string;
  readonly held: Held[];
  /** What the kernel hangs on the running task: nobody else looks at it. */
  current?: unknown;
  preempt_count: number;
  irqs_off: number;
}

/**
 * One location that the kernel touches without its lock: an atomic, a flag, half of a wide write.
 * `now` is read after announcing `load` and written after announcing `store` or `rmw`. A step is
 * made when it is first announced: a world has many cells, and a run touches few of them.
 */
export class Cell<T> implements Thing {
  /** Counts the stores; `again` compares it. Only the machine changes it. */
  version = 0;
  private loads: Step | undefined = undefined;
  private stores: Step | undefined = undefined;
  private rmws: Step | undefined = undefined;

  constructor(
    readonly name: string,
    public now: T,
  ) {}

  get load(): Step {
    return (this.loads ??= step("load", [this]));
  }

  get store(): Step {
    return (this.stores ??= step("store", [this]));
  }

  get rmw(): Step {
    return (this.rmws ??= step("rmw", [this]));
  }

  /** The same store or read-modify-write, seen by claims as `event`. Make it once, beside the cell. */
  as(kind: "store" | "rmw", event: string): Step {
    return step(kind, [this], event);
  }
}

/** Whether a step of one world is what a step of another was. */
export function is_same(one: Step | undefined, other: Step | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.kind !== other.kind || one.on.length !== other.on.length) return false;
  for (let i = 0; i < one.on.length; i++) if (one.on[i]?.name !== other.on[i]?.name) return false;
  return true;
}

/** Whether two steps touch one thing. */
export function shares({ on }: Step, other: Step | undefined): boolean {
  if (other === undefined) return false;
  if (on.length === 1 && other.on.length === 1) return on[0] === other.on[0];
  return on.some((thing) => other.on.includes(thing));
}

/** One load of several cells in one instruction (a bitmap word, a 16-byte entry). */
export function load_all(cells: readonly Cell<unknown>[], event?: string): Step {
  return step("load", cells, event);
}

/** One store to several cells in one instruction. */
export function store_all(cells: readonly Cell<unknown>[], event?: string): Step {
  return step("store", cells, event);
}

/** One locked instruction on several cells. */
export function rmw_all(cells: readonly Cell<unknown>[], event?: string): Step {
  return step("rmw", cells, event);
}

/** What a loop saw at the first read of a round: hand it to `again` when the round was fruitless. */
export function versions(cells: readonly Cell<unknown>[]): readonly number[] {
  return cells.map((cell) => cell.version);
}

/**
 * Announced at the end of a fruitless round of a retry loop: the thread goes on once one of the
 * cells that the round read is newer than it was at the first read. So no run is unbounded, and a
 * loop that nothing can end is seen as `stuck`.
 */
export function again(cells: readonly Cell<unknown>[], since: readonly number[]): Step {
  return step("again", cells, undefined, () => cells.some((cell, i) => cell.version > (since[i] ?? 0)));
}

const GUARD = Symbol("guard");

/**
 * Declares plain data that may be touched only while `guard` is held in the right mode: then at no
 * step of its own. It becomes visible to others, and to claims, when the guard is released.
 */
export function guarded<T extends object>(guard: Thing, data: T): T {
  return Object.assign(data, { [GUARD]: guard });
}

/** The lock that guards this record, if it was declared with `guarded`. */
export function guard_of(data: object): Thing | undefined {
  return (data as { [GUARD]?: Thing })[GUARD];
}

// --- Operations -------------------------------------------------------------------------------

/** A table of kernel operations, each a generator, under the kernel's own names. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds operations of every signature
export type Table = Record<string, (...args: any[]) => Task<any>>;

/** Operations by table and name: what a machine was booted with, or what a bug replaces. */
export type Ops = Readonly<Record<string, Table>>;

const live: Record<string, Table> = {};
const original: Record<string, Table> = {};

/** Declares a table of operations. Calls go through the table, so a machine can bring its own. */
export function ops<T extends Table>(name: string, table: T): T {
  live[name] = table;
  original[name] = { ...table };
  return table;
}

/** The operation as the reference wrote it, for a replacement that wraps it. */
export function original_of<T extends Table, K extends keyof T & string>(table: T, op: K): T[K] {
  const name = Object.keys(live).find((each) => live[each] === table);
  const own = name === undefined ? undefined : original[name]?.[op];
  if (own === undefined) throw new Error(`no operation ${op} in that table`);
  return own as T[K];
}

/** The tables of one machine: the originals with some replaced, and, if asked, call paths kept. */
export function tables(replaced: Ops, with_frames: boolean): Ops {
  for (const [name, table] of Object.entries(replaced))
    for (const op of Object.keys(table))
      if (original[name]?.[op] === undefined) throw new Error(`nothing to replace: there is no operation ${name}.${op}`);
  const all = Object.entries(original).map(([name, table]) => {
    const own = { ...table, ...replaced[name] };
    return [name, with_frames ? framed(name, own) : own] as const;
  });
  return Object.fromEntries(all);
}

function framed(name: string, table: Table): Table {
  const wrap = (op: string, own: Table[string]): Table[string] =>
    function* (...args: unknown[]): Task<unknown> {
      const { frames } = running();
      frames.push(`${name}.${op}`);
      try {
        return (yield* own(...args)) as unknown;
      } finally {
        frames.pop();
      }
    };
  return Object.fromEntries(Object.entries(table).map(([op, own]) => [op, wrap(op, own)]));
}

// --- Who is running ---------------------------------------------------------------------------

/** Something that the kernel's own checkers would print. */
export interface Report {
  readonly check: "atomic-sleep" | "lock-order" | "data-race" | "leak";
  readonly what: string;
  readonly rule?: RuleId;
  /** Of locks: for each order in which they were taken, by whom and on which call paths, if those are kept. */
  readonly chains?: string[];
}

/** What kernel code can reach without naming it, besides the thread it runs on. */
export interface Running {
  readonly ops: Ops;
  readonly marks: { add(rule: RuleId): void };
  readonly reports: Report[];
  /** How many allocations of this run may fail, at most; which, the explorer picks. */
  readonly faults: Thing & { readonly allowed: number; left: number; readonly pick: Step };
}

let machine: Running | undefined;
let installed: Ops | undefined;
let thread: KThread | undefined;

/** The thread whose step this is. */
export function running(): KThread {
  if (thread === undefined) throw new Error("kernel code was called outside a kernel thread");
  return thread;
}

/** Says that the lines below implement this rule; `exercised` in the coverage report counts it. */
export function rule(id: RuleId): void {
  machine?.marks.add(id);
}

/** Reports what the kernel's own checkers would print (lockdep, might_sleep). */
export function report(check: Report["check"], what: string, rule?: RuleId, chains: string[] = []): void {
  machine?.reports.push({ check, what, ...(rule !== undefined && { rule }), ...(chains.length > 0 && { chains }) });
}

/** The machine that the running thread belongs to, as far as kernel code may see it. */
export function within(): Running {
  if (machine === undefined) throw new Error("kernel code was called outside a machine");
  return machine;
}

/** Resumes a task. Every generator function has a prototype of its own, so to look `next` up in each would take longer than most steps. */
const resume = (Object.getPrototypeOf(function* () {}) as { readonly prototype: Task<unknown> }).prototype.next;

function is_changed(cells: readonly Thing[]): void {
  for (let i = 0; i < cells.length; i++) (cells[i] as Cell<unknown>).version++;
}

/** Takes one step of `on`: its announced one, or the lines before its first. */
export function advance(on: KThread, within: Running, pick = 0): void {
  if (on.task === undefined) throw new Error(`${on.name} is not in a call`);
  if (installed !== within.ops) {
    for (const [name, table] of Object.entries(within.ops)) Object.assign(live[name] ?? {}, table);
    installed = within.ops;
  }
  const { next } = on;
  if (next !== undefined && (next.kind === "store" || next.kind === "rmw")) is_changed(next.on);
  machine = within;
  thread = on;
  try {
    const { done, value } = resume.call(on.task, pick);
    if (done === true) {
      on.task = undefined;
      on.next = undefined;
      on.returned = value;
    } else on.next = value;
  } finally {
    thread = undefined;
    machine = undefined;
  }
}

/** The transitions of one exploration by number, so that the explorer's core handles numbers only. */
import type { Dependent, Footprint, Transition } from "../footprint";

/** What a step does to whom else may go on. */
export const enum Role {
  /** Nothing: it is always enabled. */
  Plain,
  /** Takes a lock for writing (a mutex is a readers-writer lock that nobody reads), or for reading. */
  Write,
  Read,
  /** Takes it for reading if that needs no waiting. */
  TryRead,
  EndWrite,
  EndRead,
  /** A handler begins on its owner's stack. */
  Handler,
  /** Waits for what others do, once and for all: true for this waiter, it stays true. */
  Await,
  Again,
  Drain,
  /** Opens or closes a read section that a drain may wait for; begins what a drain ends. */
  Enter,
  Leave,
  Flip,
  /** Of a kind that no rule here is about. */
  Unknown,
}

const ROLES: Readonly<Record<string, Role>> = {
  load: Role.Plain,
  store: Role.Plain,
  rmw: Role.Plain,
  fence: Role.Plain,
  arm: Role.Plain,
  pick: Role.Plain,
  lock: Role.Write,
  unlock: Role.EndWrite,
  write_lock: Role.Write,
  write_unlock: Role.EndWrite,
  read_lock: Role.Read,
  read_trylock: Role.TryRead,
  read_unlock: Role.EndRead,
  await: Role.Await,
  again: Role.Again,
  srcu_enter: Role.Enter,
  srcu_leave: Role.Leave,
  srcu_flip: Role.Flip,
  srcu_drain: Role.Drain,
};

/** The roles that are about one lock or SRCU domain. */
const ON_OBJECT: ReadonlySet<Role> = new Set([
  Role.Write,
  Role.Read,
  Role.TryRead,
  Role.EndWrite,
  Role.EndRead,
  Role.Enter,
  Role.Leave,
  Role.Flip,
  Role.Drain,
]);

/** Whether a step waits for what others do, other than to give back a lock or a stack. */
export function isWait(role: Role | undefined): boolean {
  return role === Role.Await || role === Role.Again || role === Role.Drain;
}

/** No step at all. */
export const NO_STEP = -1;

/** The most threads of one exploration: a set of them fits into a word. */
export const THREADS = 32;

/** How many threads there are in a set. */
export function sizeOf(set: number): number {
  let size = 0;
  for (let left = set; left !== 0; left &= left - 1) size++;
  return size;
}

/** Transitions, each known by its number, with the dependence between any two. */
export class Steps {
  readonly all: Transition[] = [];
  readonly thread: number[] = [];
  readonly stack: number[] = [];
  readonly role: Role[] = [];
  /** The number of the lock or SRCU domain that it is on; -1 if it is on none. */
  readonly object: number[] = [];
  readonly picks: number[] = [];
  /**
   * The chain of each step. Steps of one chain do the same, on several stacks, and depend on each other: its newest
   * event is after all others of it. What depends on one of them, other than by its stack, depends on all.
   */
  readonly chain: number[] = [];
  /** The chains of the steps of other stacks that each step depends on. */
  readonly against: number[][] = [];
  chains = 0;
  /** The threads that were met on each stack. */
  readonly on: number[][] = [];
  /** The stacks on which handlers come, as a set in a word. */
  interrupted = 0;
  /** The kind of a step that no rule is about, if one was met. */
  unknown: string | undefined;
  /** 32-bit words in the row of one step. */
  words = 1;
  /** For each step, the set of those that depend on it: `words` words. */
  rows = new Uint32Array(64 * this.words);
  private readonly numbers: number[] = [];
  /** The steps that do the same, by what they do and by the claim that is judged. */
  private readonly alike = new Map<Footprint, number[][]>();
  private readonly objects = new Map<string, number>();

  constructor(private readonly dependent: Dependent) {}

  /** The number of a transition. */
  of(transition: Transition): number {
    return this.numbers[transition.id] ?? this.meet(transition);
  }

  /** Whether handlers come on the stack of this step. */
  isInterrupted(step: number): boolean {
    return ((this.interrupted >>> (this.stack[step] as number)) & 1) === 1;
  }

  depends(a: number, b: number): boolean {
    return (((this.rows[a * this.words + (b >>> 5)] as number) >>> (b & 31)) & 1) === 1;
  }

  dependsOnAny(step: number, others: readonly number[]): boolean {
    for (const other of others) if (this.depends(step, other)) return true;
    return false;
  }

  private meet(transition: Transition): number {
    const number = this.all.length;
    const { does, thread, stack } = transition;
    const role = stack !== thread && does.kind === "start" ? Role.Handler : ROLES[does.kind];
    this.all.push(transition);
    this.numbers[transition.id] = number;
    this.thread.push(thread);
    this.stack.push(stack);
    this.role.push(role ?? Role.Unknown);
    if (role === undefined) this.unknown ??= does.kind;
    if (stack !== thread) this.interrupted |= 1 << stack;
    const on = (this.on[stack] ??= []);
    if (!on.includes(thread)) on.push(thread);
    this.picks.push(does.picks);
    this.object.push(this.objectOf(role ?? Role.Unknown, does.objects[0] ?? ""));
    this.grow(number);
    this.chain.push(this.chainOf(transition, number));
    this.against.push([]);
    for (let other = 0; other <= number; other++) if (this.dependent(transition, this.all[other] as Transition)) this.set(number, other);
    return number;
  }

  /** The chain of a step that is met: that of another that does the same and depends on it, or a new one. */
  chainOf(transition: Transition, number: number): number {
    const { does, stack, looks } = transition;
    let alike = this.alike.get(does);
    if (alike === undefined) this.alike.set(does, (alike = []));
    const same = (alike[looks + 1] ??= []);
    const other = same.find((each) => this.stack[each] !== stack && this.dependent(transition, this.all[each] as Transition));
    same.push(number);
    return other === undefined ? this.chains++ : (this.chain[other] as number);
  }

  private objectOf(role: Role, name: string): number {
    if (!ON_OBJECT.has(role)) return -1;
    let number = this.objects.get(name);
    if (number === undefined) this.objects.set(name, (number = this.objects.size));
    return number;
  }

  private set(a: number, b: number): void {
    const { rows, words } = this;
    rows[a * words + (b >>> 5)] = (rows[a * words + (b >>> 5)] as number) | (1 << (b & 31));
    rows[b * words + (a >>> 5)] = (rows[b * words + (a >>> 5)] as number) | (1 << (a & 31));
    if (this.stack[a] === this.stack[b]) return;
    add(this.against[a] as number[], this.chain[b] as number);
    add(this.against[b] as number[], this.chain[a] as number);
  }

  /** Makes room for a step of this number, in its own row and in every other. */
  private grow(number: number): void {
    const { rows, words } = this;
    const wider = number >>> 5 >= words ? words * 2 : words;
    const enough = Math.max(rows.length / words, number + 1 > rows.length / words ? (2 * rows.length) / words : 0);
    if (wider === words && enough === rows.length / words) return;
    const grown = new Uint32Array(enough * wider);
    for (let step = 0; step < number; step++) grown.set(rows.subarray(step * words, (step + 1) * words), step * wider);
    this.rows = grown;
    this.words = wider;
  }
}

function add(set: number[], member: number): void {
  if (!set.includes(member)) set.push(member);
}

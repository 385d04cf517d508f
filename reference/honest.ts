/**
 * Is the model honest about its steps? A door on the reference that also watches, access by access,
 * whether each step touches only what it announced: an announced cell in that mode, data whose
 * guard its stack holds in that mode, data that one stack alone uses, or data that nobody changes
 * once others can see it. The same for readiness, which may look at its own object only, and for
 * reads, whose `of:` must name all that they derive from.
 *
 * Exploration is only as good as the announcements: a step that touches more than it says would be
 * swapped with one that it conflicts with, and the order that breaks a rule would never be tried.
 */
import type { Reply, Request, Value } from "../spec/generated/types";
import type { Kind } from "../spec/steps";
import { reference, type Variant } from "./adapter";
import type { Machine } from "./machine";
import { Cell, guard_of, is_step, type Stack, type Step, type Thing } from "./task";
import { Exclusive } from "./sync/exclusive";
import type { Thread } from "./thread";
import { Threads } from "./threads";

/** What is being done while an access happens; outside these nothing is judged. */
type Phase =
  | { readonly in: "step"; readonly step: Step | undefined; readonly stack: Stack }
  | { readonly in: "ready"; readonly step: Step }
  | { readonly in: "read"; readonly seen: Set<string> };

type Mode = "load" | "store";

const MAY: Record<Mode, ReadonlySet<Kind>> = { load: new Set<Kind>(["load", "rmw", "again"]), store: new Set<Kind>(["store", "rmw"]) };

/** Read to tell instances apart, not to derive a value: every read with `*` may. */
const INSTANCES = /^vm\.(online_vcpus|vcpu_array\.\d+)$/;

/** A door that answers as the reference does, and the lies that it found so far, each said once. */
export interface HonestDoor {
  (request: Request): Reply;
  readonly lies: ReadonlySet<string>;
}

/** Opens a watched door; `of` gives each read's declared sources (spec/reads.yaml). */
export function honest(of: ReadonlyMap<string, readonly string[]>, variant?: Variant): HonestDoor {
  const watch = new Watch(of);
  const door = reference(variant, new WatchedThreads(watch));
  const answer = (request: Request): Reply => (request.op === "read" ? watch.read(request.names, door) : door(request));
  return Object.assign(answer, { lies: watch.lies });
}

/** Threads that say, before each step and each look at readiness, what may be touched. */
class WatchedThreads extends Threads<Machine> {
  constructor(private readonly watch: Watch) {
    super();
  }

  override enter(machine: Machine): void {
    this.watch.enter(machine.kvm);
    super.enter(machine);
  }

  protected override advance(thread: Thread, pick: number): void {
    const { next: step, stack } = thread;
    this.watch.during({ in: "step", step, stack }, () => {
      super.advance(thread, pick);
    });
  }

  protected override ready(thread: Thread): boolean {
    const { next: step } = thread;
    return step === undefined ? super.ready(thread) : this.watch.during({ in: "ready", step }, () => super.ready(thread));
  }
}

class Watch {
  readonly lies = new Set<string>();
  private phase: Phase | undefined;
  private readonly seen = new WeakSet<object>();
  /** For each plain field: who has used it in this world since it was seen, and whether it was written since. */
  private users = new WeakMap<object, Map<string, { stacks: Set<Stack>; written: boolean }>>();

  constructor(private readonly of: ReadonlyMap<string, readonly string[]>) {}

  during<T>(phase: Phase, work: () => T): T {
    const outer = this.phase;
    this.phase = phase;
    try {
      return work();
    } finally {
      this.phase = outer;
    }
  }

  /** Reads one name at a time, and holds what was looked at against the name's `of:`. */
  read(names: readonly string[], door: (request: Request) => Reply): Reply {
    const values: Record<string, Value> = {};
    for (const name of names) {
      const seen = new Set<string>();
      const reply = this.during({ in: "read", seen }, () => door({ op: "read", names: [name] }));
      Object.assign(values, (reply as { values: Record<string, Value> }).values);
      this.judge_read(name, seen);
    }
    return { values };
  }

  private judge_read(name: string, seen: ReadonlySet<string>): void {
    const declared = [...this.of].find(([pattern]) => matches(pattern, name));
    if (declared === undefined) return;
    const [pattern, sources] = declared;
    for (const each of seen)
      if (
        !sources.some((source) => matches(source, each) || each.endsWith(`.${source}`)) &&
        !(pattern.includes("*") && INSTANCES.test(each))
      )
        this.lies.add(`the read ${pattern} looks at ${each}, which its \`of:\` omits`);
  }

  /** Goes over to a fresh world, which may be made of the objects of the last one. */
  enter(world: object): void {
    this.users = new WeakMap();
    this.instrument(world, "kvm");
  }

  /** Watches an object and, as they are reached through it, those that it leads to. */
  private instrument(object: object, path: string): void {
    if (this.seen.has(object)) return;
    this.seen.add(object);
    if (object instanceof Cell) this.property(object, "now", path, (mode) => this.cell(object, mode));
    else if (is_container(object)) this.container(object, path);
    else if (is_sync(object)) this.record(object, path, () => this.sync(object), true);
    else if (is_plain(object)) {
      const guard = guard_of(object);
      this.record(
        object,
        path,
        guard === undefined
          ? (mode, key) => this.plain(object, key, mode, path)
          : (mode, key) => this.guarded(guard, mode, `${path}.${key}`),
      );
    }
  }

  private record(object: object, path: string, note: (mode: Mode, key: string) => void, whole = false): void {
    for (const [key, value] of Object.entries(object))
      if (typeof value !== "function" && !is_step(value) && !FROZEN.has(key))
        this.property(object, key, `${path}.${key}`, (mode) => note(mode, key), whole);
  }

  /**
   * Puts an accessor in the way of one property; values that are objects are watched in turn. In a
   * `whole` object, a lock say, what its lists hold counts as the object.
   */
  private property(object: object, key: string, path: string, note: (mode: Mode) => void, whole = false): void {
    const own = descriptor(object, key);
    let held: unknown = own?.get === undefined ? own?.value : undefined;
    const within = guard_of(object);
    const follow = (value: unknown): unknown => {
      if (typeof value !== "object" || value === null) return value;
      if (whole ? is_container(value) : within !== undefined && !(value instanceof Cell)) return part_of(value, note);
      this.instrument(value, path);
      return value;
    };
    Object.defineProperty(object, key, {
      configurable: true,
      enumerable: true,
      get: () => {
        note("load");
        return follow(own?.get === undefined ? held : own.get.call(object));
      },
      set: (value: unknown) => {
        note("store");
        if (own?.set === undefined) held = value;
        else own.set.call(object, value);
      },
    });
  }

  /** A table of cells is an index, not state; anything else that changes in a container is. */
  private container(object: Map<unknown, unknown> | Set<unknown> | unknown[], path: string): void {
    const values: Iterable<unknown> = object instanceof Map ? object.values() : object;
    for (const value of values) if (typeof value === "object" && value !== null) this.instrument(value, path);
    if (object instanceof Map) {
      const set = object.set.bind(object);
      object.set = (key, value) => {
        if (typeof value === "object" && value !== null) this.instrument(value, `${path}.${String(key)}`);
        if (!(value instanceof Cell)) this.plain(object, "entries", "store", path);
        return set(key, value);
      };
    } else if (object instanceof Set) {
      const add = object.add.bind(object);
      object.add = (value) => {
        this.plain(object, "members", "store", path);
        return add(value);
      };
    }
  }

  private cell(cell: Cell<unknown>, mode: Mode): void {
    const { phase } = this;
    if (phase === undefined) return;
    if (phase.in === "read") phase.seen.add(cell.name);
    else if (phase.step?.on.includes(cell) !== true || (phase.in === "step" && !MAY[mode].has(phase.step.kind)))
      this.lie(phase, `${mode}s ${cell.name}`);
  }

  private sync(object: Thing): void {
    const { phase } = this;
    if (phase === undefined) return;
    if (phase.in === "read") phase.seen.add(object.name);
    else if (phase.step?.on.includes(object) !== true) this.lie(phase, `touches ${object.name}`);
  }

  private guarded(guard: Thing, mode: Mode, path: string): void {
    const { phase } = this;
    if (phase === undefined) return;
    if (phase.in === "read") phase.seen.add(guard.name);
    else if (phase.in === "ready") this.lie(phase, `looks at ${path}`);
    else if (!phase.stack.held.some((held) => held.lock === guard && (mode === "load" || held.mode === "write")))
      this.lie(phase, `${mode}s ${path} without ${guard.name}`);
  }

  private plain(object: object, key: string, mode: Mode, path: string): void {
    const { phase } = this;
    if (phase?.in !== "step") return;
    const fields = this.users.get(object) ?? new Map<string, { stacks: Set<Stack>; written: boolean }>();
    this.users.set(object, fields);
    const field = fields.get(key) ?? { stacks: new Set<Stack>(), written: false };
    fields.set(key, field);
    field.stacks.add(phase.stack);
    field.written ||= mode === "store";
    if (field.written && field.stacks.size > 1) this.lie(phase, `${mode}s ${path}.${key}, which another thread uses, and nothing guards`);
  }

  private lie(phase: Exclude<Phase, { in: "read" }>, what: string): void {
    const { step } = phase;
    const said =
      step === undefined ? "before its first announcement" : `announced as ${step.kind} ${step.on.map(({ name }) => name).join(" ")}`;
    this.lies.add(phase.in === "ready" ? `the readiness of a step ${said} ${what}` : `a step ${said} ${what}`);
  }
}

/** Fields that are set once, when the object is made, and that lockdep and the machine look at. */
const FROZEN = new Set(["name", "key", "graph", "level", "locks", "unlocks"]);

const READS_ONLY = new Set([
  "has",
  "get",
  "size",
  "length",
  "keys",
  "values",
  "entries",
  "forEach",
  "find",
  "some",
  "every",
  "includes",
  "filter",
  "map",
]);

/** What hangs inside a guarded record counts as the record: a view that notes each use. */
function part_of(value: object, note: (mode: Mode) => void): unknown {
  return new Proxy(value, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      note(typeof member === "function" && !READS_ONLY.has(String(key)) && typeof key === "string" ? "store" : "load");
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
    set: (target, key, to) => {
      note("store");
      return Reflect.set(target, key, to, target);
    },
  });
}

/** Locks, wait queues and the like: an object with a name whose state changes only in sync steps. */
function is_sync(object: object): object is Thing {
  return "name" in object && (object instanceof Exclusive || Object.values(object).some((value) => is_step(value)));
}

function is_container(object: object): object is Map<unknown, unknown> | Set<unknown> | unknown[] {
  return object instanceof Map || object instanceof Set || Array.isArray(object);
}

function is_plain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function descriptor(object: object, key: string): PropertyDescriptor | undefined {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertyDescriptor(at, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function matches(pattern: string, name: string): boolean {
  const want = pattern.split(".");
  const have = name.split(".");
  return want.length === have.length && want.every((part, i) => part === "*" || have[i] === "*" || part === have[i]);
}

/**
 * Footprints: announced steps, made comparable. All that depends only on what is announced is found
 * once per exploration: what the step shows to which claims, which reads it changes, and which other
 * footprints it conflicts with.
 */
import type { Announcement } from "../../spec/generated/types";
import { conflict, type Kind } from "../../spec/steps";
import { bind, bindingOf } from "../case/binding";
import type { OrderClaim, StateClaim } from "../plan/claims";
import { isLock, type Sight } from "../plan/sights";
import type { Footprint, Transition, Visible } from "./footprint";

const WRITES: ReadonlySet<string> = new Set<Kind>(["store", "rmw"]);
const TAKES: ReadonlySet<string> = new Set<Kind>(["lock", "write_lock"]);
const RELEASES: ReadonlySet<string> = new Set<Kind>(["unlock", "write_unlock"]);

/** A claim, and all that makes a step visible to it; `stars` tell its instances apart. */
interface Seen<C> {
  readonly claim: C;
  readonly sights: readonly Sight[];
  readonly stars: number;
}

/** The footprints of one exploration. */
export class Footprints {
  /** By each object that they touch; under no name those that touch none. */
  private readonly touching = new Map<string, Footprint[]>();
  /** By each claim that they are visible to. */
  private readonly visibleTo = new Map<StateClaim | OrderClaim, Footprint[]>();
  /** For each footprint, whether it conflicts with those that were made before it, and with itself. */
  private readonly conflicts: boolean[][] = [];
  private readonly wanted: readonly string[];
  private readonly states: readonly Seen<StateClaim>[];
  private readonly thens: readonly Seen<StateClaim>[];
  private readonly orders: readonly Seen<OrderClaim>[];
  private wholeCall: Footprint | undefined;
  private made = 0;
  private offered = 0;
  /** Somebody announced that it would retry. */
  retries = false;

  /** `states` are judged at each visible step, `thens` when a call returns, `orders` by the order of events. */
  constructor(states: readonly StateClaim[], thens: readonly StateClaim[], orders: readonly OrderClaim[]) {
    this.wanted = [...new Set(states.flatMap((claim) => claim.compiled.unlocked))];
    this.states = states.map(seenState);
    this.thens = thens.map(seenState);
    this.orders = orders.map((claim) => ({ claim, sights: claim.sights, stars: starsOf(claim.sights) }));
  }

  /** The footprint of an announcement. */
  of(announced: Announcement): Footprint {
    const candidates = this.touching.get(announced.on[0]?.name ?? "");
    if (candidates !== undefined) for (const each of candidates) if (isOf(each, announced)) return each;
    const { kind, on, event, picks } = announced;
    return this.known(this.make({ kind, objects: on.map(({ name }) => name), event }, picks ?? 1));
  }

  /** The footprint of a call that cannot be looked into: it touches everything. */
  call(): Footprint {
    const all = this.states.flatMap(({ claim }) => claim.reads.map(({ name }) => name));
    return (this.wholeCall ??= {
      ...this.make({ kind: "call", objects: [], event: undefined }, 1),
      visible: [...this.states, ...this.orders].map(({ claim }) => ({ claim, binding: undefined })),
      reads: [...new Set(all)],
    });
  }

  /** Whether the order of two transitions may make a difference. */
  readonly dependent = (a: Transition, b: Transition): boolean =>
    a.stack === b.stack || this.conflict(a.does, b.does) || isShown(a.does, b) || isShown(b.does, a);

  /** What a thread could do that announced this: one transition for each pick, the same ones in every run. */
  transitions(does: Footprint, thread: number, stack: number, looks: number): readonly Transition[] {
    const known = (does.transitions[thread] ??= []);
    for (const each of known) if (each[0]?.stack === stack && each[0].looks === looks) return each;
    const made: Transition[] = [];
    for (let pick = 0; pick < does.picks; pick++)
      made.push({ id: this.offered++, does, thread, pick, stack, looks, among: made, then: [], announced: undefined });
    known.push(made);
    return made;
  }

  private conflict(a: Footprint, b: Footprint): boolean {
    if (a.kind === "call" || b.kind === "call") return true;
    const row = this.conflicts[Math.max(a.id, b.id)] as boolean[];
    return row[Math.min(a.id, b.id)] as boolean;
  }

  private make(step: Touch, picks: number): Footprint {
    const { kind } = step;
    const id = this.made++;
    if (kind === "again") this.retries = true;
    const visible: Visible[] = [];
    const reads = new Set<string>();
    for (const seen of this.states)
      for (const binding of bindings(step, seen)) {
        visible.push({ claim: seen.claim, binding });
        for (const read of readsAfter(step, seen.claim, binding)) reads.add(read);
      }
    for (const seen of this.orders) for (const binding of bindings(step, seen)) visible.push({ claim: seen.claim, binding });
    const shows = this.thens.filter((seen) => bindings(step, seen).length > 0).map(({ claim }) => claim.id);
    const { objects, event } = step;
    return { id, kind, objects, event, picks, visible, shows, reads: [...reads], locks: this.locksOf(step), transitions: [] };
  }

  private locksOf({ kind, objects }: Touch): Footprint["locks"] {
    const by = TAKES.has(kind) ? 1 : RELEASES.has(kind) ? -1 : 0;
    if (by === 0) return NONE;
    return this.wanted.filter((lock) => objects.some((object) => isLock(object, lock))).map((lock) => ({ lock, by }));
  }

  /** Keeps a new footprint, and finds those that it conflicts with: only what touches the same, or is visible to the same claim, can. */
  private known(made: Footprint): Footprint {
    const row = new Array<boolean>(made.id + 1).fill(false);
    this.conflicts[made.id] = row;
    for (const object of made.objects.length > 0 ? made.objects : [""])
      for (const other of among(this.touching, object, made)) if (!row[other.id]) row[other.id] = shareObject(made, other);
    for (const { claim } of made.visible)
      for (const other of among(this.visibleTo, claim, made)) if (!row[other.id]) row[other.id] = shareClaim(made, other);
    return made;
  }
}

/** Those that are kept under this key, the new one with them. */
function among<Key>(kept: Map<Key, Footprint[]>, key: Key, made: Footprint): readonly Footprint[] {
  const all = kept.get(key);
  if (all === undefined) kept.set(key, [made]);
  else if (all.at(-1) !== made) all.push(made);
  return all ?? [made];
}

function seenState(claim: StateClaim): Seen<StateClaim> {
  const sights = [...claim.reads.flatMap((read) => read.sights), ...claim.holds];
  return { claim, sights, stars: Math.max(0, ...claim.reads.map((read) => read.stars)) };
}

/** Whether this announcement has this footprint. */
export function isOf({ kind, objects, event, picks }: Footprint, announced: Announcement): boolean {
  if (kind !== announced.kind || event !== announced.event || picks !== (announced.picks ?? 1)) return false;
  const { on } = announced;
  if (objects.length !== on.length) return false;
  for (let i = 0; i < objects.length; i++) if (objects[i] !== on[i]?.name) return false;
  return true;
}

/** Whether the claim that is judged when this step's call returns would see the other. */
function isShown({ shows }: Footprint, { looks }: Transition): boolean {
  return shows.length > 0 && shows.includes(looks);
}

type Touch = Pick<Footprint, "kind" | "objects" | "event">;

const NONE: readonly never[] = [];

/** Whether two steps conflict by what they touch, whoever looks on. */
export function conflictOnObject(a: Transition | undefined, b: Transition | undefined): boolean {
  return a !== undefined && b !== undefined && shareObject(a.does, b.does);
}

function shareObject(a: Footprint, b: Footprint): boolean {
  return conflict(a.kind as Kind, b.kind as Kind) && a.objects.some((object) => b.objects.includes(object));
}

/** Whether one claim, in one instance, may tell which of the two came first. */
function shareClaim(a: Footprint, b: Footprint): boolean {
  return a.visible.some(({ claim, binding }) =>
    b.visible.some((other) => other.claim === claim && (binding === undefined || other.binding === undefined || binding === other.binding)),
  );
}

function starsOf(sights: readonly Sight[]): number {
  return Math.max(0, ...sights.map((sight) => ("stars" in sight ? sight.stars : 0)));
}

/** The instances of a claim that a step is visible to: a binding each, or undefined for all of them. */
function bindings(step: Touch, { sights, stars }: Seen<unknown>): readonly (string | undefined)[] {
  let all: (string | undefined)[] | undefined;
  for (const sight of sights)
    for (const seen of throughSight(step, sight)) {
      const bound = stars > 0 && seen.stars === stars ? seen.bound : undefined;
      if (bound === undefined) return [undefined];
      if (all === undefined) all = [bound];
      else if (!all.includes(bound)) all.push(bound);
    }
  return all ?? NONE;
}

/** What the stars of a sight stand for, and how many of them. */
interface Bound {
  readonly bound: string;
  readonly stars: number;
}

/** Through a lock no instance is told from another. */
const UNBOUND: readonly Bound[] = [{ bound: "", stars: 0 }];

/** How a step is visible through one sight. */
function throughSight({ kind, objects, event }: Touch, sight: Sight): readonly Bound[] {
  switch (sight.by) {
    case "cell":
      return WRITES.has(kind) ? matched(sight, objects) : NONE;
    case "event":
      return event === undefined ? NONE : matched(sight, [event]);
    case "release":
      return RELEASES.has(kind) && objects.some((object) => isLock(object, sight.lock)) ? UNBOUND : NONE;
    case "hold":
      return TAKES.has(kind) && objects.some((object) => isLock(object, sight.lock)) ? UNBOUND : NONE;
  }
}

function matched({ pattern, stars }: { readonly pattern: string; readonly stars: number }, names: readonly string[]): readonly Bound[] {
  let all: Bound[] | undefined;
  for (const name of names) {
    const binding = bindingOf(pattern, name);
    if (binding !== undefined) (all ??= []).push({ bound: binding.split(".").slice(0, stars).join("."), stars });
  }
  return all ?? NONE;
}

/**
 * What to read again for a claim: what the step changed, and, so that a new instance is known
 * whole, all else of that instance that is not behind a lock.
 */
function readsAfter(step: Touch, claim: StateClaim, binding: string | undefined): string[] {
  return claim.reads
    .filter((read) => (!read.guarded && read.stars > 0) || read.sights.some((sight) => throughSight(step, sight).length > 0))
    .map((read) => (binding === undefined ? read.name : bind(read.name, binding)));
}

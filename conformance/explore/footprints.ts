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
import type { Footprint, Transition } from "./footprint";

const WRITES: ReadonlySet<string> = new Set<Kind>(["store", "rmw"]);
const TAKES: ReadonlySet<string> = new Set<Kind>(["lock", "write_lock"]);
const RELEASES: ReadonlySet<string> = new Set<Kind>(["unlock", "write_unlock"]);

/** The footprints of one exploration. */
export class Footprints {
  /** By the first object that they touch. */
  private readonly known = new Map<string, Footprint[]>();
  private readonly conflicts: boolean[][] = [];
  private readonly wanted: ReadonlySet<string>;
  private wholeCall: Footprint | undefined;
  private made = 0;
  private offered = 0;
  /** Somebody announced that it would retry. */
  retries = false;

  /** `states` are judged at each visible step, `thens` when a call returns, `orders` by the order of events. */
  constructor(
    private readonly states: readonly StateClaim[],
    private readonly thens: readonly StateClaim[],
    private readonly orders: readonly OrderClaim[],
  ) {
    this.wanted = new Set(states.flatMap((claim) => claim.compiled.unlocked));
  }

  /** The footprint of an announcement. */
  of(announced: Announcement): Footprint {
    const first = announced.on[0]?.name ?? "";
    let candidates = this.known.get(first);
    if (candidates === undefined) this.known.set(first, (candidates = []));
    for (const each of candidates) if (isOf(each, announced)) return each;
    const { kind, on, event, picks } = announced;
    const objects = on.map(({ name }) => name);
    const made = this.make(kind, objects, event, picks ?? 1);
    candidates.push(made);
    return made;
  }

  /** The footprint of a call that cannot be looked into: it touches everything. */
  call(): Footprint {
    const all = this.states.flatMap(({ reads }) => reads.map(({ name }) => name));
    return (this.wholeCall ??= {
      ...this.make("call", [], undefined, 1),
      visible: [...this.states, ...this.orders].map((claim) => ({ claim, binding: undefined })),
      reads: [...new Set(all)],
    });
  }

  /** Whether the order of two transitions may make a difference. */
  readonly dependent = (a: Transition, b: Transition): boolean =>
    a.stack === b.stack || this.conflict(a.does, b.does) || a.does.shows.includes(b.looks) || b.does.shows.includes(a.looks);

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
    const row = (this.conflicts[a.id] ??= []);
    return (row[b.id] ??= a.kind === "call" || b.kind === "call" || shareObject(a, b) || shareClaim(a, b));
  }

  private make(kind: Kind | "call", objects: readonly string[], event: string | undefined, picks: number): Footprint {
    const id = this.made++;
    if (kind === "again") this.retries = true;
    const step = { kind, objects, event };
    const seen = this.states.map((claim) => ({ claim, by: visibleTo(step, claim) })).filter(({ by }) => by.length > 0);
    const ordered = this.orders.flatMap((claim) =>
      bindings(step, claim.sights, starsOf(claim.sights)).map((binding) => ({ claim, binding })),
    );
    const reads = seen.flatMap(({ claim, by }) => by.flatMap((binding) => readsAfter(step, claim, binding)));
    const by = TAKES.has(kind) ? 1 : RELEASES.has(kind) ? -1 : 0;
    const locks =
      by === 0
        ? []
        : [...this.wanted].filter((lock) => objects.some((object) => isLock(object, lock))).map((lock) => ({ lock, by }) as const);
    const visible = [...seen.flatMap(({ claim, by: all }) => all.map((binding) => ({ claim, binding }))), ...ordered];
    const shows = this.thens.filter((claim) => visibleTo(step, claim).length > 0).map((claim) => claim.id);
    return { id, kind, objects, event, picks, visible, shows, reads: [...new Set(reads)], locks, transitions: [] };
  }
}

/** Whether this announcement has this footprint. */
export function isOf({ kind, objects, event, picks }: Footprint, announced: Announcement): boolean {
  if (kind !== announced.kind || event !== announced.event || picks !== (announced.picks ?? 1)) return false;
  const { on } = announced;
  if (objects.length !== on.length) return false;
  for (let i = 0; i < objects.length; i++) if (objects[i] !== on[i]?.name) return false;
  return true;
}

type Touch = Pick<Footprint, "kind" | "objects" | "event">;

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
function visibleTo(step: Touch, claim: StateClaim): (string | undefined)[] {
  const stars = Math.max(0, ...claim.reads.map((read) => read.stars));
  return bindings(step, [...claim.reads.flatMap((read) => read.sights), ...claim.holds], stars);
}

function bindings(step: Touch, sights: readonly Sight[], stars: number): (string | undefined)[] {
  const all = new Set<string | undefined>();
  for (const sight of sights)
    for (const seen of throughSight(step, sight)) all.add(stars > 0 && seen.stars === stars ? seen.bound : undefined);
  return all.has(undefined) ? [undefined] : [...all];
}

/** How a step is visible through one sight: what its stars are bound to, and how many of them. */
function throughSight({ kind, objects, event }: Touch, sight: Sight): { bound: string; stars: number }[] {
  switch (sight.by) {
    case "cell":
      return WRITES.has(kind) ? objects.flatMap((object) => matched(sight.pattern, object, sight.stars)) : [];
    case "event":
      return event === undefined ? [] : matched(sight.pattern, event, sight.stars);
    case "release":
      return RELEASES.has(kind) && objects.some((object) => isLock(object, sight.lock)) ? [{ bound: "", stars: 0 }] : [];
    case "hold":
      return TAKES.has(kind) && objects.some((object) => isLock(object, sight.lock)) ? [{ bound: "", stars: 0 }] : [];
  }
}

function matched(pattern: string, name: string, stars: number): { bound: string; stars: number }[] {
  const binding = bindingOf(pattern, name);
  return binding === undefined ? [] : [{ bound: binding.split(".").slice(0, stars).join("."), stars }];
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

/**
 * The trunk of an exploration that several share: the prefixes from which parts have been given away,
 * with what was, is and will be explored from each. Parts are explored apart; the reversals that they find
 * from prefixes of the trunk come back to it, and what they add is a part of its own.
 *
 * Sleep sets see to it that no trace is explored twice: a part sleeps on all that was given away before
 * it from the same prefix. What is under way elsewhere must not sleep *in* it, though: those who are there may
 * still find what was to be planned here, and until then a sleeper is no reason to leave anything out. So a
 * part is given away only if its first step wakes all that is under way: see `isFree`. That no trace is lost is
 * the argument of source sets: whatever v comes back, a weak initial of it is explored from that prefix.
 */
import type { Footprints } from "../footprints";
import { NO_STEP, Steps } from "../optimal/steps";
import { covering } from "../optimal/sleep";
import type { Continuation } from "../optimal/sequence";
import { below, insert, type Branch } from "../optimal/wakeup-tree";
import { Names, ToldSequence, WHOLE, type Frame, type Job, type ToldBranch, type StepName, type ToldReversal } from "./told";

/** A part that was given away: all that begins with `first` (of the root, all), from the prefix that it hangs on. */
interface Part {
  readonly on: Prefix | undefined;
  readonly first: number;
  /** What slept, was explored or was under way at its prefix when it was given away. */
  readonly asleep: readonly number[];
  state: "waiting" | "running" | "divided" | "done";
  /** Where to go on, unless it is divided or done. */
  frames: readonly Frame[];
}

/** A prefix of the trunk; `under` is the part that it divides. */
interface Prefix {
  readonly under: Part;
  readonly depth: number;
  /** Who slept when it was reached. */
  readonly sleepers: readonly number[];
  /** What was explored from it before it was one of the trunk. */
  readonly explored: readonly number[];
  readonly parts: Part[];
  /** The wakeup tree: what is to be explored and is nobody's part yet. */
  readonly left: Branch[];
}

/** What is to be done, and by whom it is done. */
export class Trunk {
  /** Parts that can be given to somebody at once, in the order in which they came up. */
  private readonly waiting: Part[] = [];
  private readonly prefixes: Prefix[] = [];
  private readonly root: Part;
  private readonly steps: Steps;
  private readonly names: Names;

  /** Begins with the whole, or where others have stopped. */
  constructor(footprints: Footprints, stopped?: SavedPart) {
    this.steps = new Steps(footprints.dependent);
    this.names = new Names(this.steps, footprints);
    this.root = { on: undefined, first: NO_STEP, asleep: [], state: "waiting", frames: WHOLE.frames };
    if (stopped === undefined) this.waiting.push(this.root);
    else this.restore(this.root, stopped);
  }

  get isDone(): boolean {
    return this.root.state === "done";
  }

  /** Something to be done, if there is: what was begun before what was not, and large parts, which hang on short prefixes, before small ones. */
  next(): Work | undefined {
    const part = this.waiting.shift() ?? this.giveAway();
    if (part === undefined) return undefined;
    part.state = "running";
    const { base, frames } = this.path(part);
    return { part, job: { base, frames: [...frames, ...part.frames] } };
  }

  /** Somebody explored a part to its end, or, with frames, up to there; `divide` it if there are others who have nothing to do. */
  came({ part }: Work, above: readonly ToldReversal[], frames: readonly Frame[] | undefined, divide: boolean): void {
    const { names, steps } = this;
    for (const told of above) {
      let on = part.on;
      while (on !== undefined && on.depth > told.depth) on = on.under.on;
      if (on?.depth !== told.depth) throw new Error(`nothing was given away from a prefix of ${told.depth} steps`);
      plan(new ToldSequence(told, steps, names), on, steps);
    }
    if (frames === undefined) return this.done(part);
    part.frames = frames;
    if (divide) this.divide(part);
    if (part.state !== "divided") this.wait(part);
  }

  private wait(part: Part): void {
    part.state = "waiting";
    this.waiting.push(part);
  }

  /** Of the first prefix of a part from which there is more than one thing left, makes one of the trunk. */
  private divide(part: Part): void {
    const at = part.frames.findIndex(({ taken, rest }) => rest.length > (taken === undefined ? 1 : 0));
    if (at < 0) return;
    let inner = part;
    const depth = this.path(part).base;
    for (const [i, frame] of part.frames.slice(0, at + 1).entries()) {
      const prefix = this.prefixUnder(inner, depth + i, frame);
      const beyond = i === at ? part.frames.slice(at + 1) : [];
      if (frame.taken !== undefined) {
        const first = this.names.step(frame.taken);
        inner = this.partOf(prefix, first, i === at ? "waiting" : "divided", beyond);
        if (i === at) this.waiting.push(inner);
      }
    }
    part.frames = [];
  }

  private prefixUnder(under: Part, depth: number, { explored, rest }: Frame): Prefix {
    const { names, steps } = this;
    const sleepers = under.on === undefined ? [] : under.asleep.filter((asleep) => !steps.depends(asleep, under.first));
    const left = rest.map((each) => names.planned(each));
    const prefix: Prefix = { under, depth, sleepers, explored: explored.map((each) => names.step(each)), parts: [], left };
    under.state = "divided";
    this.prefixes.push(prefix);
    this.prefixes.sort((a, b) => a.depth - b.depth);
    return prefix;
  }

  private partOf(on: Prefix, first: number, state: Part["state"], frames: readonly Frame[]): Part {
    const asleep = [...on.sleepers, ...on.explored, ...on.parts.map((part) => part.first)];
    const part: Part = { on, first, asleep, state, frames };
    on.parts.push(part);
    return part;
  }

  /** Makes a part of the next branch of the shortest prefix that has one which can be given away now. */
  private giveAway(): Part | undefined {
    const on = this.prefixes.find((each) => this.isFree(each));
    const branch = on?.left.shift();
    if (on === undefined || branch === undefined) return undefined;
    const first = branch.steps[branch.at] as number;
    const rest = below(branch, []).map((each) => this.names.branch(each));
    return this.partOf(on, first, "waiting", [{ explored: [], taken: undefined, rest }]);
  }

  /** Whether the next branch of a prefix wakes with its first step all that is still under way from there. */
  isFree({ left, parts }: Prefix): boolean {
    const [branch] = left;
    if (branch === undefined) return false;
    const first = branch.steps[branch.at] as number;
    return parts.every((part) => part.state === "done" || this.steps.depends(part.first, first));
  }

  private done(part: Part): void {
    part.state = "done";
    part.frames = [];
    const { on } = part;
    if (on === undefined || on.left.length > 0 || on.parts.some(({ state }) => state !== "done")) return;
    this.prefixes.splice(this.prefixes.indexOf(on), 1);
    this.done(on.under);
  }

  /** What leads to a part, as frames. */
  private path(part: Part): Job {
    const frames: Frame[] = [];
    const { names } = this;
    for (let at = part; at.on !== undefined; at = at.on.under) {
      const { on, first, asleep } = at;
      const explored = asleep.slice(on.sleepers.length).map((each) => names.of(each));
      const others = on.parts
        .slice(on.parts.indexOf(at) + 1)
        .map(({ first: other }): ToldBranch => ({ steps: [names.of(other)], then: [] }));
      frames.push({ explored, taken: names.of(first), rest: [...others, ...on.left.map((each) => names.branch(each))] });
    }
    return { base: frames.length, frames: frames.reverse() };
  }

  /** All of it as plain data: what runs now begins again where it began the last time. */
  save(part = this.root): SavedPart {
    const { names } = this;
    const { state, frames, first } = part;
    const prefix = this.prefixes.find(({ under }) => under === part);
    const asleep = part.asleep.map((each) => names.of(each));
    const divided = prefix && {
      frame: {
        explored: prefix.explored.map((each) => names.of(each)),
        taken: undefined,
        rest: prefix.left.map((each) => names.branch(each)),
      },
      parts: prefix.parts.map((each) => this.save(each)),
    };
    return { first: first === NO_STEP ? undefined : names.of(first), asleep, isDone: state === "done", frames, divided };
  }

  private restore(part: Part, { isDone, frames, divided }: SavedPart): void {
    part.frames = frames;
    part.state = isDone ? "done" : "waiting";
    if (divided === undefined) {
      if (!isDone) this.waiting.push(part);
      return;
    }
    const prefix = this.prefixUnder(part, this.path(part).base, divided.frame);
    for (const each of divided.parts) {
      const asleep = each.asleep.map((told) => this.names.step(told));
      const inner: Part = { on: prefix, first: this.names.step(each.first ?? ""), asleep, state: "waiting", frames: [] };
      prefix.parts.push(inner);
      this.restore(inner, each);
    }
  }
}

/** A part, and the parts that it was divided into. */
export interface SavedPart {
  readonly first: string | undefined;
  readonly asleep: readonly StepName[];
  readonly isDone: boolean;
  readonly frames: readonly Frame[];
  readonly divided: { readonly frame: Frame; readonly parts: readonly SavedPart[] } | undefined;
}

/** What somebody was given to do. */
export interface Work {
  readonly part: object & Part;
  readonly job: Job;
}

/** Plans to explore v from a prefix, unless what is explored there leads to it. */
function plan(v: Continuation, { sleepers, explored, parts, left }: Prefix, steps: Steps): void {
  if (covering(sleepers, 0, sleepers.length, v, steps) !== NO_STEP) return;
  const begun = [...explored, ...parts.map(({ first }) => first)];
  if (covering(begun, 0, begun.length, v, steps) === NO_STEP) insert(v, left, steps);
}

/**
 * What those who share an exploration tell each other, as plain data. A step is known by a name that
 * says all that was announced: the numbers of steps are each one's own.
 */
import type { Announcement } from "../../../spec/generated/types";
import type { Transition } from "../footprint";
import type { Footprints } from "../footprints";
import type { Continuation } from "../optimal/sequence";
import { NO_STEP, type Steps } from "../optimal/steps";
import type { Branch } from "../optimal/wakeup-tree";

/** A step: thread, pick, stack, looks, kind, objects, event and picks, as JSON. */
export type StepName = string;

/** A branch of a wakeup tree. */
export interface ToldBranch {
  readonly steps: readonly StepName[];
  readonly then: readonly ToldBranch[];
}

/** A prefix of E: what was explored from it, the step that leads on, and what else is to be explored. */
export interface Frame {
  readonly explored: readonly StepName[];
  readonly taken: StepName | undefined;
  readonly rest: readonly ToldBranch[];
}

/** A part of an exploration: all that begins with the steps of the first `base` frames, as far as the others say that it is left. */
export interface Job {
  readonly base: number;
  readonly frames: readonly Frame[];
}

/** All of it. */
export const WHOLE: Job = { base: 0, frames: [{ explored: [], taken: undefined, rest: [] }] };

/** v, which is to be explored from a prefix that is not the finder's to explore from. `clocks` are those of E beyond that prefix. */
export interface ToldReversal {
  readonly depth: number;
  readonly steps: readonly StepName[];
  readonly clocks: readonly (readonly number[])[];
}

/** Steps by name and by number. */
export class Names {
  private readonly names: StepName[] = [];
  private readonly numbers = new Map<StepName, number>();

  constructor(
    private readonly steps: Steps,
    private readonly footprints: Footprints,
  ) {}

  of(step: number): StepName {
    return (this.names[step] ??= nameOf(this.steps.all[step] as Transition));
  }

  step(name: StepName): number {
    let step = this.numbers.get(name);
    if (step === undefined) this.numbers.set(name, (step = this.steps.of(transitionOf(name, this.footprints))));
    return step;
  }

  branch({ steps, at, end, then }: Branch): ToldBranch {
    return { steps: steps.slice(at, end).map((step) => this.of(step)), then: then.map((each) => this.branch(each)) };
  }

  planned({ steps, then }: ToldBranch): Branch {
    return { steps: steps.map((name) => this.step(name)), at: 0, end: steps.length, then: then.map((each) => this.planned(each)) };
  }
}

type Named = readonly [number, number, number, number, string, readonly string[], string | null, number];

function nameOf({ thread, pick, stack, looks, does: { kind, objects, event, picks } }: Transition): StepName {
  const named: Named = [thread, pick, stack, looks, kind, objects, event ?? null, picks];
  return JSON.stringify(named);
}

function transitionOf(name: StepName, footprints: Footprints): Transition {
  const [thread, pick, stack, looks, kind, objects, event, picks] = JSON.parse(name) as Named;
  const on = objects.map((object) => ({ name: object }));
  const announced = { kind, on, ...(event !== null && { event }), ...(picks > 1 && { picks }) } as unknown as Announcement;
  const does = kind === "call" ? footprints.call() : footprints.of(announced);
  return footprints.transitions(does, thread, stack, looks)[pick] as Transition;
}

/** v as it was told. */
export class ToldSequence implements Continuation {
  left: number;
  /** What is told is planned once. */
  isSure = true;
  private readonly step: number[];
  private readonly past: number[] = [];
  private readonly taken: boolean[] = [];

  constructor(
    private readonly told: ToldReversal,
    private readonly steps: Steps,
    names: Names,
  ) {
    this.step = told.steps.map((name) => names.step(name));
    this.left = this.step.length;
  }

  nextOf(thread: number): number {
    return this.step[this.head(thread)] ?? NO_STEP;
  }

  isInitial(thread: number): boolean {
    const clock = this.told.clocks[this.head(thread)] ?? [];
    return clock.every((times, t) => t === thread || times <= (this.past[t] ?? 0));
  }

  isIndependentOf(step: number): boolean {
    return this.step.every((each, i) => this.taken[i] === true || !this.steps.depends(step, each));
  }

  takeOut(thread: number): void {
    this.taken[this.head(thread)] = true;
    this.past[thread] = (this.past[thread] ?? 0) + 1;
    this.left--;
  }

  rest(): number[] {
    return this.step.filter((_, i) => this.taken[i] !== true);
  }

  private head(thread: number): number {
    return this.step.findIndex((step, i) => this.steps.thread[step] === thread && this.taken[i] !== true);
  }
}

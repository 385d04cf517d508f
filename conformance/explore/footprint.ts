/** What the explorer knows of a step before it is taken. */
import type { Announcement } from "../../spec/generated/types";
import type { Kind } from "../../spec/steps";
import type { OrderClaim, StateClaim } from "../plan/claims";

/** A claim that a step is visible to; `binding` if only one instance can have changed. */
export interface Visible {
  readonly claim: StateClaim | OrderClaim;
  readonly binding: string | undefined;
}

/** An announcement, known by number. A whole call, where nothing finer is announced, has kind "call". */
export interface Footprint {
  readonly id: number;
  readonly kind: Kind | "call";
  readonly objects: readonly string[];
  readonly event: string | undefined;
  readonly picks: number;
  readonly visible: readonly Visible[];
  /** The `then` claims (by id) that would see the step, were their call to return after it. */
  readonly shows: readonly number[];
  /** What to read after the step: what it may have changed of what claims look at. */
  readonly reads: readonly string[];
  /** Locks that some claim wants free, taken (+1) or released (-1) for writing here. */
  readonly locks: readonly { readonly lock: string; readonly by: 1 | -1 }[];
  /** The transitions made of it so far, by thread: one for each pick, together. */
  readonly transitions: (Transition[][] | undefined)[];
}

/**
 * One step that a thread could take next. Transitions are made once per exploration: the same
 * thread with the same pick, announcement and call is the same object in every run.
 */
export interface Transition {
  /** Its number among those of the exploration. */
  readonly id: number;
  readonly thread: number;
  /** Which of the announced outcomes, 0 if the step has one. */
  readonly pick: number;
  /** The thread on whose stack it runs: its own, or its owner's. */
  readonly stack: number;
  readonly does: Footprint;
  /** The claim (by id) that is judged should the call return in this step, or -1. */
  readonly looks: number;
  /** What its thread could do: this and the other picks. */
  readonly among: readonly Transition[];
  /** What its thread has announced after it so far, each as transitions. */
  readonly then: (readonly Transition[])[];
  /** The very object that announced it last: mostly it is the same in every run. */
  announced: Announcement | undefined;
}

/** Whether the order of two transitions may make a difference: by what they do and look at, or since they share a stack. */
export type Dependent = (a: Transition, b: Transition) => boolean;

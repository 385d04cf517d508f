/**
 * What the last run did and saw, step by step: a run that begins as it did makes the same requests
 * again, and takes what they showed from here. Nothing of that beginning needs judging twice.
 */
import type { CallRequest, Value } from "../../spec/generated/types";
import type { Transition } from "./footprint";

type Values = Readonly<Record<string, Value>>;

/** A thread's next call was begun; without a request, it had no more. */
interface Begun {
  readonly thread: number;
  readonly request: CallRequest | undefined;
}

/** What happened up to the next step. */
interface Moment {
  readonly begun: Begun[];
  readonly returned: { readonly thread: number; readonly value: Value }[];
  shown: Values | undefined;
}

/** The last run of an exploration. */
export class Memory {
  /** The steps that it took. */
  readonly taken: Transition[] = [];
  /** What happened before the first step, and after each. */
  private readonly moments: Moment[] = [];

  /** Forgets all that came after so many steps. */
  keep(steps: number): void {
    this.taken.length = steps;
    this.moments.length = Math.min(this.moments.length, steps === 0 ? 0 : steps + 1);
  }

  begun(thread: number, request: CallRequest | undefined): void {
    this.now().begun.push({ thread, request });
  }

  returned(thread: number, value: Value): void {
    this.now().returned.push({ thread, value });
  }

  shown(values: Values): void {
    this.now().shown = values;
  }

  /** What happened after so many steps; undefined if nothing to speak of did. */
  after(steps: number): Moment | undefined {
    return this.moments[steps];
  }

  private now(): Moment {
    return (this.moments[this.taken.length] ??= { begun: [], returned: [], shown: undefined });
  }
}

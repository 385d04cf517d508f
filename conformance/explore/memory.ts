/**
 * What the last run did, thing after thing. The next run that begins as it did goes back to where they
 * part: what came after that is undone, from the end, and nothing of the beginning is judged twice.
 */
import type { Request, Value } from "../../spec/generated/types";
import type { Lane } from "./lane";
import type { Transition } from "./footprint";

/** A thread's call was begun, or returned; or somebody told of an event. */
export type Thing =
  | { readonly what: "begun"; readonly lane: Lane; readonly request: Request }
  | { readonly what: "returned"; readonly lane: Lane; readonly value: Value }
  | { readonly what: "event"; readonly event: string; readonly thread: string };

/** The last run of an exploration. */
export class Memory {
  /** The steps that it took. */
  readonly taken: Transition[] = [];
  /** The requests before the first step that set up the world. */
  readonly setUp: Request[] = [];
  private readonly things: Thing[] = [];
  /** For each thing, how many steps had been taken. */
  private readonly when: number[] = [];
  /** How many of the things are requests. */
  private begun = 0;

  /** How many calls and steps there were in all. */
  get requests(): number {
    return this.setUp.length + this.begun + this.taken.length;
  }

  happened(thing: Thing): void {
    if (thing.what === "begun") this.begun++;
    this.when[this.things.length] = this.taken.length;
    this.things.push(thing);
  }

  /** Undoes all that came after so many steps. */
  back(steps: number): void {
    const { things, when, taken } = this;
    // Quicker than to set its length.
    while (taken.length > steps) taken.pop();
    while (things.length > 0 && (when[things.length - 1] as number) > steps) {
      const thing = things.pop() as Thing;
      if (thing.what === "begun") {
        thing.lane.at--;
        this.begun--;
      } else if (thing.what === "returned") thing.lane.returns.pop();
    }
  }

  /** Forgets all. */
  clear(): void {
    this.taken.length = this.setUp.length = this.things.length = this.begun = 0;
  }

  /** What happened, in order, each with how many steps had been taken. */
  *all(): Generator<readonly [thing: Thing, steps: number]> {
    for (let i = 0; i < this.things.length; i++) yield [this.things[i] as Thing, this.when[i] as number];
  }

  /** The calls that were begun, each with how many steps had been taken; at the end none, and all the steps. */
  *calls(): Generator<readonly [request: Request | undefined, steps: number]> {
    for (const [thing, steps] of this.all()) if (thing.what === "begun") yield [thing.request, steps];
    yield [undefined, this.taken.length];
  }
}

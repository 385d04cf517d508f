/** The seam between running a case and deciding which runs there are. */
import type { Transition } from "./footprint";

/** What a strategy tells of its runs, where their number does not say it all. */
export interface Told {
  /** Every schedule with so many preemptions at most was run. */
  readonly preemptions?: number;
  /** Where random choices came from. */
  readonly seed?: number;
  /** How often priorities changed in each random run. */
  readonly changes?: number;
  /** How many distinct states were met. */
  readonly states?: number;
}

/** Who there is when a step is to be chosen. */
export interface There {
  /** How many threads there are by now. */
  readonly threads: number;
  /** Which of the first 32 can go on, as a set in a word. */
  readonly able: number;
}

/** Decides which runs there are. */
export interface Strategy {
  readonly name: string;
  /** Whether it comes to an end only after every schedule that may make a difference. */
  readonly complete: boolean;
  /** Starts the next run; false when there is none. */
  begin(): boolean;
  /** How many steps the run that was started has in common with the last one; none if not said. `choose` need not be asked for them. */
  readonly prefix?: number;
  /**
   * The transition to take as step `depth` (from 0) of this run, one of `enabled` (never empty,
   * reused by the caller); undefined if what is left has been seen in other runs.
   */
  choose(depth: number, enabled: readonly Transition[], there: There): Transition | undefined;
  /** Nobody can go on; `waiting` is what those would do next that are not done. */
  ended?(waiting: readonly Transition[]): void;
  /** What is to be told of the runs so far, besides how many they are. */
  told?(): Told;
  /** Why it cannot explore this: then the runs that it made say nothing. */
  readonly outside?: string | undefined;
}

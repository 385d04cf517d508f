/** The seam between running a case and deciding which runs there are. */
import type { Transition } from "./footprint";

/** Decides which runs there are. */
export interface Strategy {
  readonly name: string;
  /** Whether it comes to an end only after every schedule that may make a difference. */
  readonly complete: boolean;
  /** Starts the next run; false when there is none. */
  begin(): boolean;
  /**
   * The transition to take as step `depth` (from 0) of this run, one of `enabled` (never empty,
   * reused by the caller); undefined if what is left has been seen in other runs.
   */
  choose(depth: number, enabled: readonly Transition[]): Transition | undefined;
}

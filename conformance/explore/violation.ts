import type { RuleId } from "../../spec/generated/types";

/** The ways in which an implementation can be wrong. */
export type ViolationKind =
  | "returned"
  | "then"
  | "always"
  | "finally"
  | "order"
  | "count"
  | "never"
  | "stuck"
  | "outcome"
  | "lock-order"
  | "atomic-sleep"
  | "data-race"
  | "leak"
  | "nondeterministic"
  | "capability-lie";

/** Something that an implementation did and must not do, or did not do and must. */
export interface Violation {
  readonly kind: ViolationKind;
  /** The rule that it breaks; undefined for a check that is built in and that no rule of the case owns. */
  readonly rule: RuleId | undefined;
  /** The claim's place in the plan, or undefined if it is no claim's. */
  readonly claim: number | undefined;
  /** What was demanded. */
  readonly text: string;
  /** What happened instead. */
  readonly what: string;
  /** How many steps of the run had been taken. */
  readonly step: number;
  /** Of locks: for each order in which they were taken, by whom and on which call paths, if those are kept. */
  readonly chains?: readonly string[];
}

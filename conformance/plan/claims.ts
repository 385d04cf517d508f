/** The claims of a case, one object each: what is demanded, whose it is, and whether it can be seen. */
import type { CheckName, EventClaim, Outcome, RuleId, Want } from "../../spec/generated/types";
import type { Compiled } from "../case/pattern";
import type { Test } from "../case/want";
import type { PlannedRead, Sight } from "./sights";

interface Common {
  /** Its place in the plan's list. */
  readonly id: number;
  readonly rule: RuleId | undefined;
  readonly text: string;
  /** Why this implementation cannot show it; undefined if it can. */
  readonly unseen: string | undefined;
}

/** A claim about states. `sometimes` is one that some run must reach; it belongs to no rule. */
export interface StateClaim extends Common {
  readonly kind: "always" | "sometimes" | "finally" | "then";
  readonly compiled: Compiled;
  readonly reads: readonly PlannedRead[];
  /** What else makes a step visible to it: the locks of its `unlocked`. */
  readonly holds: readonly Sight[];
}

/** A claim about the order or number of events. */
export interface OrderClaim extends Common {
  readonly kind: "order" | "never" | "count";
  readonly says: EventClaim;
  readonly counts: readonly { readonly event: string; readonly test: Test }[];
  readonly onlyIf: Compiled | undefined;
  readonly sights: readonly Sight[];
}

/** What one call must return. */
export interface ReturnClaim extends Common {
  readonly kind: "returned";
  readonly want: Want;
  readonly test: Test;
}

/** A built-in check that a rule owns. */
export interface CheckClaim extends Common {
  readonly kind: "check";
  readonly check: CheckName;
}

/** All that a race may come to. */
export interface OutcomeClaim extends Common {
  readonly kind: "outcome";
  readonly listed: readonly PlannedOutcome[];
  /** Those that only a real kernel may come to. */
  readonly permitted: readonly PlannedOutcome[];
  /** The reads that outcomes name and this implementation does not show: they are told apart without them. */
  readonly blind: readonly string[];
}

/** One outcome: a test for each call's return, by thread, and one for each read that can be seen. */
export interface PlannedOutcome {
  readonly says: Outcome;
  readonly text: string;
  readonly returns: ReadonlyMap<string, readonly Test[]>;
  readonly reads: readonly Compiled[];
}

/** Any claim of a case. */
export type PlannedClaim = StateClaim | OrderClaim | ReturnClaim | CheckClaim | OutcomeClaim;

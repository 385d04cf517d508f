import type { HelloReply, Nesting, RuleId } from "../../spec/generated/types";
import type { FiledDisagreement } from "../case/spec";
import type { Histogram } from "../explore/race";
import type { Row } from "../explore/row";
import type { Told } from "../explore/strategy";
import type { Violation } from "../explore/violation";

/** How hard it was tried. */
export interface How extends Told {
  readonly strategy: string;
  readonly control: HelloReply["control"];
  /** What the runs were, taken together. */
  readonly covered: "every schedule" | "every order of calls" | "few preemptions" | "random runs" | "one run" | "some schedules" | "a race";
  readonly runs: number;
  /** Runs given up because what was left of them had been seen in others. */
  readonly redundant: number;
  readonly steps: number;
  /** Distinct ends: returns and settled reads. */
  readonly ends: number;
  /** Runs in which nobody could go on. */
  readonly deadlocks: number;
  /** Somewhere a loop would retry: it was followed for one fruitless round, then until something changed. */
  readonly retries: boolean;
  /** A sum over the traces, if it was asked for: equal for the same traces, each once, in whatever order. */
  readonly digest?: string;
  /** What the race on real CPUs came to, if the implementation can be raced. */
  readonly race?: Histogram;
  /** Why it was not raced, although others are. */
  readonly notRaced?: string;
  /** Where the schedule that was to be followed did not fit any more. */
  readonly diverged?: string;
}

/** Which claims the implementation can show: all, and those of each rule. `sometimes` is no claim. */
export interface Seen {
  readonly claims: number;
  readonly of: number;
  readonly rules: Readonly<Record<string, { readonly claims: number; readonly of: number }>>;
  /** Why the others are not seen. */
  readonly unseen: readonly string[];
}

/** Something to know that is no violation: on the reference each of these is a failure. */
export interface Finding {
  readonly kind: "not shown" | "outcome never reached" | "no instance";
  readonly text: string;
}

/** How a failure was made shorter. */
export interface Shortened {
  /** How often another thread goes on in the run shown, up to what it breaks. */
  readonly switches: number;
  /** The same in the run that found it. */
  readonly from: number;
  /** How many runs that took. */
  readonly replays: number;
  /** Why there may be a shorter one; undefined if nothing that was left to try made it shorter. */
  readonly stopped: string | undefined;
  /** The calls of which no step is taken before it breaks, by thread. */
  readonly leftOut: Readonly<Record<string, readonly string[]>>;
}

/** The run, or the race, in which a case failed: schedule and case are all that it takes to see it again. */
export interface Failure {
  /** What was violated in this run; the first is what the report is about. */
  readonly violations: readonly [Violation, ...Violation[]];
  /** Found in this run, counting from 1. */
  readonly run: number;
  /** Whose steps followed each other; or how the race was made, which may come out otherwise the next time. */
  readonly schedule: string;
  readonly threads: readonly string[];
  readonly trace: readonly Row[];
  /** Undefined if it is shown as it was found. */
  readonly shortened?: Shortened;
}

/** What a case comes to on an implementation. */
export interface Verdict {
  readonly case: string;
  readonly rules: readonly RuleId[];
  readonly verdict: "holds" | "broken" | "untestable" | "unclaimed" | "unfinished" | "crashed";
  /** Why, in words; undefined for `holds` and `broken`. */
  readonly reason: string | undefined;
  /** Broken, but only in rules that kernels of the version claimed, or this kernel, are known to break. */
  readonly expected: boolean;
  /** The entries of the ledger that expect it. */
  readonly differs?: readonly FiledDisagreement[];
  readonly seen: Seen;
  /** The rules whose code was passed. */
  readonly marks: readonly RuleId[];
  /** Which lock was taken inside which, in any run. */
  readonly nested: readonly Nesting[];
  readonly findings: readonly Finding[];
  /** Undefined where nothing was run. */
  readonly how: How | undefined;
  /** Undefined unless broken. */
  readonly failure: Failure | undefined;
}

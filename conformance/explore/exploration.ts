import type { CheckName, RuleId, Value } from "../../spec/generated/types";
import { bindingOf } from "../case/binding";
import type { Instance } from "../case/pattern";
import type { CheckClaim, OutcomeClaim, StateClaim } from "../plan/claims";
import { seenOrders, seenStates, type Plan } from "../plan/plan";
import { Footprints } from "./footprints";
import { Memory } from "./memory";
import { Orders } from "./orders";
import { Outcomes, type Returns } from "./outcomes";
import type { Sequences } from "./sequences";
import { Watch } from "./watch";

/** When to give up: so many runs in all, so many steps in one run. */
export interface Limits {
  readonly runs: number;
  readonly steps: number;
}

/** How many distinct ends are kept: an exploration's memory does not grow with its runs. */
export const MOST_ENDS = 4096;

type Values = Readonly<Record<string, Value>>;

/** What all runs of one exploration share. */
export class Exploration {
  readonly footprints: Footprints;
  readonly watch: Watch;
  readonly orders: Orders;
  readonly memory = new Memory();
  /** Claims judged in every visible state. */
  readonly states: readonly StateClaim[];
  /** Claims judged at the end of every run. */
  readonly finals: readonly StateClaim[];
  /** What is read before the first step, and at the end. */
  readonly firstReads: readonly string[];
  readonly allReads: readonly string[];
  /** The rules whose code was passed in any run. */
  readonly marks = new Set<RuleId>();
  /** The distinct ways in which runs ended: returns and settled reads. Of more than MOST_ENDS, the first. */
  readonly ends = new Set<string>();
  readonly outcomes: Outcomes;

  constructor(
    readonly plan: Plan,
    readonly limits: Limits,
    readonly sequences: Sequences | undefined,
  ) {
    const seen = seenStates(plan);
    const orders = seenOrders(plan);
    this.states = seen.filter(({ kind }) => kind === "always" || kind === "sometimes");
    this.finals = seen.filter(({ kind }) => kind === "finally");
    const thens = seen.filter(({ kind }) => kind === "then");
    this.footprints = new Footprints(this.states, thens, orders);
    this.watch = new Watch([...this.states, ...this.finals]);
    this.orders = new Orders(orders);
    this.outcomes = new Outcomes(plan);
    this.firstReads = readsOf(this.states);
    const premises = orders.flatMap((claim) => claim.onlyIf?.reads ?? []);
    this.allReads = [...new Set([...this.firstReads, ...readsOf(this.finals), ...this.outcomes.reads, ...premises])];
  }

  /** The case's claim about a built-in check, if it makes one. */
  checkClaim(check: CheckName, rule?: string): CheckClaim | undefined {
    return this.plan.claims.find(
      (claim): claim is CheckClaim => claim.kind === "check" && claim.check === check && (rule === undefined || claim.rule === rule),
    );
  }

  /** The instances of a claim that there are in these values. */
  instancesIn({ compiled }: StateClaim, values: Values): Instance[] {
    if (!compiled.starred) return [compiled.at("")];
    const starred = compiled.reads.filter((read) => read.includes("*"));
    const found = Object.keys(values).flatMap((name) => starred.map((read) => bindingOf(read, name)));
    return [...new Set(found)].filter((each) => each !== undefined).map((each) => compiled.at(each));
  }

  /** Whether it matters what a run came to: there are ends to be told apart, or a claim about them. */
  get wantsEnds(): boolean {
    return this.ends.size < MOST_ENDS || this.outcomes.claim !== undefined;
  }

  /** A run came to this: remembers it, and says if no outcome allows it. */
  came(returns: Returns, values: Values): { claim: OutcomeClaim; what: string } | undefined {
    if (this.ends.size < MOST_ENDS) {
      const reads = Object.keys(values).sort();
      this.ends.add(JSON.stringify([[...returns].sort(([a], [b]) => (a < b ? -1 : 1)), reads.map((read) => [read, values[read]])]));
    }
    const { claim } = this.outcomes;
    if (this.outcomes.match(returns, this.watch) !== "unlisted" || claim === undefined) return undefined;
    return { claim, what: this.outcomes.inWords(returns, this.watch) };
  }
}

function readsOf(claims: readonly StateClaim[]): string[] {
  return [...new Set(claims.flatMap(({ compiled }) => compiled.reads))];
}

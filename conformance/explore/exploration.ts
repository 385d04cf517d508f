import type { CheckName, Nesting, RuleId, Value } from "../../spec/generated/types";
import { bindingOf } from "../case/binding";
import type { Instance } from "../case/pattern";
import type { CheckClaim, StateClaim } from "../plan/claims";
import { seenOrders, seenStates, type Plan } from "../plan/plan";
import { Ends } from "./ends";
import { Footprints } from "./footprints";
import { Memory } from "./memory";
import { Orders } from "./orders";
import { Outcomes } from "./outcomes";
import type { Sequences } from "./sequences";
import { Watch } from "./watch";

/** When to give up: so many runs in all, so many steps in one run. */
export interface Limits {
  readonly runs: number;
  readonly steps: number;
}

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
  /** Which lock was taken inside which in any run, by the two classes: as it was told first. */
  readonly nested = new Map<string, Nesting>();
  readonly outcomes: Outcomes;
  readonly ends: Ends;

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
    this.ends = new Ends(this.outcomes, this.watch);
    this.firstReads = readsOf(this.states);
    const premises = orders.flatMap((claim) => claim.onlyIf?.reads ?? []);
    this.allReads = [...new Set([...this.firstReads, ...readsOf(this.finals), ...this.outcomes.reads, ...premises])];
  }

  /** A run is over: the rules whose code it passed, and which lock it took inside which. */
  passed({ marks, nested }: { readonly marks?: readonly string[] | undefined; readonly nested?: readonly Nesting[] | undefined }): void {
    if (marks !== undefined) for (const mark of marks) this.marks.add(mark as RuleId);
    if (nested === undefined) return;
    for (const each of nested) {
      const key = `${each.outer} ${each.inner}`;
      if (!this.nested.has(key)) this.nested.set(key, each);
    }
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
}

function readsOf(claims: readonly StateClaim[]): string[] {
  return [...new Set(claims.flatMap(({ compiled }) => compiled.reads))];
}

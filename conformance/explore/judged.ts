import type { Value } from "../../spec/generated/types";
import { wrongValues } from "../case/values";
import type { StateClaim } from "../plan/claims";
import type { PlannedCall } from "../plan/plan";
import type { Exploration } from "./exploration";
import type { Footprint } from "./footprint";
import type { Lane } from "./lane";
import { shown } from "./row";
import type { Violations } from "./violations";

type Values = Readonly<Record<string, Value>>;

/** Holds what happens in a run against the claims that see it; what is wrong goes to the violations. */
export class Judged {
  constructor(
    private readonly whole: Exploration,
    private readonly found: Violations,
  ) {}

  /** Before the first step: the reads of claims show this. */
  first(values: Values): void {
    this.whole.watch.show(values);
    this.states();
  }

  /** An event happened. */
  event(event: string, thread: string): void {
    const { orders, memory } = this.whole;
    if (!orders.areJudged) return;
    orders.saw(event, thread, this.found.order);
    memory.happened({ what: "event", event, thread });
  }

  /** A step was taken that claims may see; what it may have changed shows this. */
  step(step: Footprint, values: Values): void {
    const { watch, sequences } = this.whole;
    watch.show(values);
    for (const { claim, binding } of step.visible) {
      if (claim.kind === "always" || claim.kind === "sometimes") watch.judge(claim, binding, this.found.state);
      sequences?.saw(claim, binding, step, watch);
    }
  }

  /** A call has returned. */
  returned(lane: Lane): void {
    const { call, returned } = lane;
    this.returns(lane, returned ?? "nothing");
    if (call === undefined) return;
    const claim = call.returned;
    const what = (): string => `${lane.name}: ${call.do} returned ${shown(returned)}`;
    if (claim !== undefined && (returned === undefined || !claim.test(returned, undefined, () => undefined)))
      this.found.violation("returned", claim.rule, claim.id, claim.text, what());
    if (call.staysBlocked) this.found.violation("returned", call.rule, undefined, `${call.do} stays blocked`, what());
  }

  /** It answers that it has not this call, and said that it had. */
  lied(lane: Lane, call: PlannedCall): void {
    const what = `it says that it has ${call.do}, and answers that it has not`;
    this.found.violation("capability-lie", call.rule, undefined, `${call.do} is there`, what);
    this.returns(lane, "unsupported");
  }

  /** A call has returned, and the reads of what is claimed then show this. */
  then(lane: Lane, claim: StateClaim, values: Values): void {
    this.checkValues(claim.compiled.reads, values);
    const state = { now: (read: string) => values[read], before: () => undefined };
    for (const instance of this.whole.instancesIn(claim, values)) {
      const text = `${lane.name}: when ${lane.call?.do ?? "the call"} returns, ${instance.text}`;
      if (!instance.holds(state)) this.found.violation("then", claim.rule, claim.id, text, instance.complaints(state).join("; "));
    }
  }

  /** Everything is as it will stay. */
  end(lanes: readonly Lane[], values: Values): void {
    const { watch, orders, allReads, finals, ends } = this.whole;
    if (allReads.length > 0) {
      this.checkValues(allReads, values);
      watch.settled(values);
    }
    this.states();
    for (const claim of finals) watch.judge(claim, undefined, this.found.state);
    orders.ended(watch, this.found.order);
    if (!ends.areWanted) return;
    const bad = ends.came(lanes, values);
    if (bad !== undefined) this.found.violation("outcome", bad.claim.rule, bad.claim.id, bad.claim.text, bad.what);
  }

  private returns(lane: Lane, value: Value): void {
    lane.returns.push(value);
    this.whole.memory.happened({ what: "returned", lane, value });
  }

  private states(): void {
    for (const claim of this.whole.states) this.whole.watch.judge(claim, undefined, this.found.state);
  }

  private checkValues(asked: readonly string[], values: Values): void {
    for (const what of wrongValues(asked, values))
      this.found.violation("capability-lie", this.whole.plan.onlyRule, undefined, "reads show what they are declared to", what);
  }
}

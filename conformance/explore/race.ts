/** What a race on real CPUs comes to, world by world, and whether that may be. */
import type { CloseReply, Raced, RuleId, Value } from "../../spec/generated/types";
import { Crashed } from "../adapter/door";
import { declaredAs } from "../case/names";
import { wrongValues } from "../case/values";
import { isInside, type PlannedCall } from "../plan/plan";
import type { Exploration } from "./exploration";
import type { Violation } from "./violation";
import { Violations } from "./violations";

/** How to race: in how many fresh worlds, and where the small delays of the threads come from. */
export interface Race {
  readonly worlds: number;
  readonly seed: number;
}

/** A race as a schedule is written: with it, a case and an adapter, the race can be made again. */
export function writeRace({ worlds, seed }: Race): string {
  return `worlds=${worlds},seed=${seed}`;
}

/** A race from its text; undefined if the text is none. */
export function readRace(text: string): Race | undefined {
  const [, worlds, seed] = /^worlds=([1-9]\d{0,8}),seed=(\d{1,9})$/.exec(text) ?? [];
  return worlds === undefined ? undefined : { worlds: Number(worlds), seed: Number(seed) };
}

/** What some of the worlds came to: the returns, and what the outcomes of the case look at. */
export interface Outcome {
  readonly text: string;
  readonly times: number;
  readonly is: "listed" | "permitted" | "unlisted";
}

/** What a race came to. */
export interface Histogram extends Race {
  /** The most frequent first. */
  readonly outcomes: readonly Outcome[];
  /** The listed outcomes that neither a world nor an order of calls came to. */
  readonly never: readonly string[];
  /** How many of the claims that are seen in an order of calls cannot be seen in a race. */
  readonly unjudged: number;
  /** The reads that outcomes name and no race shows: there they are told apart without them. */
  readonly without: readonly string[];
}

/** The thread of the calls before the race. */
export const SET_UP = "setup";
/** What a thread whose call did not return has as its last return. */
const BLOCKED = "blocked";

/** Judges the worlds of one race. */
export class RaceJudge {
  /** What is read in each world once it has settled. */
  readonly reads: readonly string[];
  private readonly hidden = new Set<string>();
  private readonly seen = new Map<string, Outcome>();
  private readonly broken = new Map<string, { readonly violation: Violation; readonly times: number }>();

  constructor(
    private readonly whole: Exploration,
    private readonly race: Race,
  ) {
    this.reads = [...new Set([...whole.finals.flatMap(({ compiled }) => compiled.reads), ...whole.outcomes.reads])];
  }

  /** Judges what these worlds came to. Throws Crashed if that is not what was asked for. */
  judge(all: readonly Raced[]): void {
    // Not every read can be made in a race; one that is shown in some worlds is shown in all.
    const shown = all.flatMap(({ reads }) => Object.keys(reads));
    for (const read of this.reads) if (!shown.some((name) => declaredAs([read], name) !== undefined)) this.hidden.add(read);
    for (const some of all) this.judgeSome(some);
  }

  /** A portion of the worlds is closed. */
  closed({ leaks, marks }: CloseReply): void {
    for (const mark of marks ?? []) this.whole.marks.add(mark as RuleId);
    const found = new Violations(this.whole, []);
    for (const what of leaks ?? []) found.report({ check: "leak", what });
    this.count(found, 1);
  }

  /** The race was not over in time. */
  overdue(message: string): void {
    const found = new Violations(this.whole, []);
    found.overdue("all threads", "the race", message);
    this.count(found, 1);
  }

  /** What was violated, and in how many worlds. */
  violations(): Violation[] {
    const worlds = (times: number): string => `${times} of ${this.race.worlds} worlds`;
    return [...this.broken.values()].map(({ violation, times }) => ({ ...violation, what: `in ${worlds(times)}: ${violation.what}` }));
  }

  /** What the worlds came to. */
  histogram(): Histogram {
    const { outcomes, plan } = this.whole;
    const never = (outcomes.claim?.listed ?? []).filter((each) => !outcomes.reached.has(each)).map(({ text }) => text);
    const unseen = plan.claims.filter((claim) => {
      if (claim.unseen !== undefined || claim.kind === "returned" || claim.kind === "outcome") return false;
      if (claim.kind === "check") return isInside(claim);
      return claim.kind === "finally" ? this.hides(claim.compiled.reads) : claim.kind !== "sometimes";
    });
    const most = [...this.seen.values()].sort((a, b) => b.times - a.times);
    const without = outcomes.reads.filter((read) => this.hidden.has(read));
    return { ...this.race, outcomes: most, never, unjudged: unseen.length, without };
  }

  private judgeSome({ times, returns, reads }: Raced): void {
    const { plan, watch, outcomes, finals } = this.whole;
    const found = new Violations(this.whole, []);
    watch.reset();
    watch.settled(reads);
    const came = new Map(plan.threads.map(({ name, calls }) => [name, returnsOf(name, calls, returns)]));
    const is = outcomes.match(came, watch, this.hidden);
    for (const { name, calls } of [{ name: SET_UP, calls: plan.setUp }, ...plan.threads])
      this.judgeReturns(found, name, calls, returnsOf(name, calls, returns), is === "permitted");
    const promised = this.reads.filter((read) => !this.hidden.has(read));
    for (const what of wrongValues(promised, reads))
      found.violation("capability-lie", plan.onlyRule, undefined, "reads show what they are declared to", what);
    for (const claim of finals) if (!this.hides(claim.compiled.reads)) watch.judge(claim, undefined, found.state);
    const text = outcomes.inWords(came, watch);
    const { claim } = outcomes;
    if (is === "unlisted") found.violation("outcome", claim?.rule, claim?.id, claim?.text ?? "", text);
    this.seen.set(text, { text, is, times: times + (this.seen.get(text)?.times ?? 0) });
    this.count(found, times);
  }

  /** What a kernel may answer besides, as `permitted` says, no call is blamed for. */
  private judgeReturns(found: Violations, thread: string, calls: readonly PlannedCall[], all: readonly Value[], permitted: boolean): void {
    for (const [i, call] of calls.entries()) {
      const value = all[i];
      if (value === undefined) return;
      const claim = call.returned;
      const what = `${thread}: ${call.do} returned ${JSON.stringify(value)}`;
      if (value === BLOCKED && i === all.length - 1) {
        if (!call.staysBlocked) this.stuck(found, thread, call);
      } else if (call.staysBlocked) found.violation("returned", call.rule, undefined, `${call.do} stays blocked`, what);
      else if (claim !== undefined && !permitted && !claim.test(value, undefined, () => undefined))
        found.violation("returned", claim.rule, claim.id, claim.text, what);
    }
  }

  private stuck(found: Violations, thread: string, call: PlannedCall): void {
    const owner = this.whole.checkClaim("deadlock");
    const what = `${thread}: ${call.do} had not returned when the race was over`;
    found.violation("stuck", owner?.rule ?? call.rule, owner?.id, "every call returns", what);
  }

  private hides(reads: readonly string[]): boolean {
    return reads.some((read) => this.hidden.has(read));
  }

  private count(found: Violations, times: number): void {
    for (const violation of found.all) {
      const key = `${violation.kind} ${violation.claim ?? violation.text}`;
      const known = this.broken.get(key);
      this.broken.set(key, { violation: known?.violation ?? violation, times: times + (known?.times ?? 0) });
    }
  }
}

/** What a thread's calls returned, up to the one that is blocked. Throws Crashed if these are not as many as there are calls. */
function returnsOf(thread: string, calls: readonly PlannedCall[], returns: Raced["returns"]): readonly Value[] {
  const all = returns[thread] ?? [];
  const whole = all.length === calls.length || (all.length < calls.length && all.at(-1) === BLOCKED);
  if (!whole) throw new Crashed(`${thread} makes ${calls.length} calls, and it tells of ${all.length} returns`);
  return all;
}

/** Gathers the claims of a case for one implementation. */
import type { Call, Case, CheckClaim, Claim, EventClaim, HelloReply, Outcome, Pattern, RuleId, Want } from "../../spec/generated/types";
import { declaredAs } from "../case/names";
import { compile, type Compiled } from "../case/pattern";
import type { Spec } from "../case/spec";
import { inWords, resolveWant, show, testOf } from "../case/want";
import type { PlannedClaim, PlannedOutcome, ReturnClaim, StateClaim } from "./claims";
import { plannedRead, starsIn, type Sight } from "./sights";

/** Claims in the order in which they are added; those of rules that are not asked are left out. */
export class ClaimList {
  readonly claims: PlannedClaim[] = [];

  constructor(
    private readonly spec: Spec,
    private readonly hello: HelloReply,
    private readonly isAsked: (rule: RuleId | undefined) => boolean,
    private readonly onlyRule: RuleId | undefined,
  ) {}

  /** The claim about what a call returns, if it makes one. */
  returned(call: Call): ReturnClaim | undefined {
    if (call.returns === undefined) return undefined;
    const want = this.resolved(call.returns);
    const text = inWords(`${call.do} returns`, want).replace("returns = ", "returns ");
    return this.add(call.rule, (id, rule) => ({ id, rule, kind: "returned", want, test: testOf(want), text, unseen: undefined }));
  }

  /** The claim about what holds when a call returns, if it makes one. */
  then(call: Call): StateClaim | undefined {
    return call.then === undefined ? undefined : this.state("then", { ...call.then, rule: call.rule });
  }

  /** All claims that are not a call's own. */
  wholeCase(what: Case): void {
    for (const claim of what.always ?? []) this.state("always", claim);
    for (const pattern of what.sometimes ?? []) this.state("sometimes", pattern);
    for (const claim of what.finally ?? []) this.state("finally", claim);
    for (const claim of what.events ?? []) this.events(claim);
    for (const claim of what.never ?? []) this.check(claim);
    if (what.outcomes !== undefined) this.outcomes(what.outcomes, what.permitted ?? []);
  }

  private add<C extends PlannedClaim>(rule: RuleId | undefined, make: (id: number, rule: RuleId | undefined) => C): C | undefined {
    const owner = rule ?? this.onlyRule;
    if (!this.isAsked(owner)) return undefined;
    const claim = make(this.claims.length, owner);
    this.claims.push(claim);
    return claim;
  }

  private state(kind: StateClaim["kind"], claim: Claim | Pattern): StateClaim | undefined {
    const compiled = this.compiled(claim);
    const { rule }: Claim = claim;
    return this.add(kind === "sometimes" ? undefined : rule, (id, owner) => ({
      id,
      kind,
      rule: kind === "sometimes" ? undefined : owner,
      text: compiled.text,
      unseen: this.unseenReads(compiled),
      compiled,
      reads: compiled.reads.map((name) => plannedRead(name, this.spec.reads, this.spec.locks)),
      holds: compiled.unlocked.flatMap((lock): Sight[] => [
        { by: "hold", lock },
        { by: "release", lock },
      ]),
    }));
  }

  private events(says: EventClaim): void {
    const onlyIf = says.if === undefined ? undefined : this.compiled(says.if);
    const counts = Object.entries(says.count ?? {}).map(([event, want]) => ({ event, want: this.resolved(want) }));
    const kind = says.order !== undefined ? "order" : says.never !== undefined ? "never" : "count";
    const named = [...(says.order ?? []), ...(says.never === undefined ? [] : [says.never]), ...(says.between ?? [])];
    const missing = [...named, ...counts.map(({ event }) => event)].filter(
      (event) => declaredAs(this.hello.events ?? [], event) === undefined,
    );
    const unseen = missing.length > 0 ? `does not tell of ${missing.join(", ")}` : onlyIf && this.unseenReads(onlyIf);
    const text = eventsInWords(says, counts) + (onlyIf === undefined ? "" : `, in runs that end with ${onlyIf.text}`);
    this.add(says.rule, (id, rule) => ({
      id,
      rule,
      kind,
      says,
      text,
      unseen,
      onlyIf,
      counts: counts.map(({ event, want }) => ({ event, test: testOf(want) })),
      sights: (says.order ?? []).map((pattern) => ({ by: "event", pattern, stars: starsIn(pattern) })),
    }));
  }

  private check(claim: CheckClaim): void {
    const { rule, check } = typeof claim === "string" ? { rule: undefined, check: claim } : claim;
    const isMade = this.hello.checks?.some((made) => made === check) ?? false;
    const shows = this.hello.control === "step" || check === "deadlock" || check === "leak" || isMade;
    const unseen = shows ? undefined : `cannot be stopped inside a call, where ${check} would show`;
    this.add(rule, (id, owner) => ({ id, rule: owner, kind: "check", check, text: `never ${check}`, unseen }));
  }

  private outcomes(outcomes: readonly Outcome[], more: readonly Outcome[]): void {
    const [listed, permitted] = [outcomes, more].map((each) => each.map((outcome) => this.outcome(outcome)));
    const all = [...(listed ?? []), ...(permitted ?? [])];
    const named = all.flatMap(({ says }) => (says.reads === undefined ? [] : this.compiled(says.reads).reads));
    const blind = [...new Set(named)].filter((read) => declaredAs(this.hello.reads, read) === undefined);
    const text = `one of: ${all.map((each) => each.text).join("; ")}`;
    const rule = all.map(({ says }) => says.rule).find((each) => each !== undefined);
    this.add(rule, (id, owner) => ({
      id,
      rule: owner,
      kind: "outcome",
      text,
      unseen: undefined,
      listed: listed ?? [],
      permitted: permitted ?? [],
      blind,
    }));
  }

  private outcome(says: Outcome): PlannedOutcome {
    const wants = Object.entries(says.returns).map(([thread, all]) => [thread, all.map((want) => this.resolved(want))] as const);
    const reads = Object.entries(says.reads ?? {}).map(([read, want]) => this.compiled({ [read]: want }));
    const returns = wants.map(([thread, all]) => `${thread} ${all.map((want) => inWords("", want).replace(/^ = /, "")).join(", ")}`);
    return {
      says,
      text: [...returns, ...reads.map((each) => each.text)].join(" and "),
      returns: new Map(wants.map(([thread, all]) => [thread, all.map(testOf)])),
      reads: reads.filter((each) => this.unseenReads(each) === undefined),
    };
  }

  private compiled(claim: Claim | Pattern): Compiled {
    return compile(claim, this.hello.limits);
  }

  private resolved(want: Want): Want {
    return resolveWant(want, this.hello.limits);
  }

  private unseenReads(compiled: Compiled): string | undefined {
    const missing = compiled.reads.filter((read) => declaredAs(this.hello.reads, read) === undefined);
    return missing.length === 0 ? undefined : `does not show ${missing.join(", ")}`;
  }
}

function eventsInWords(says: EventClaim, counts: readonly { event: string; want: Want }[]): string {
  if (says.order !== undefined) return says.order.join(" before ");
  if (says.never !== undefined) return `never ${says.never}${says.between === undefined ? "" : ` between ${says.between.join(" and ")}`}`;
  return counts.map(({ event, want }) => (typeof want === "object" ? inWords(event, want) : `${event} ${show(want)} times`)).join(" and ");
}

import type { CloseReply, Report, RuleId } from "../../spec/generated/types";
import type { Instance } from "../case/pattern";
import type { OrderClaim, StateClaim } from "../plan/claims";
import type { Exploration } from "./exploration";
import type { Lane } from "./lane";
import type { Transition } from "./footprint";
import type { Violation, ViolationKind } from "./violation";

/** What was violated in one run: each claim once, in the order found. */
export class Violations {
  all: Violation[] = [];
  private readonly known = new Set<string>();

  /** `taken` are the steps of the run so far. */
  constructor(
    private readonly whole: Exploration,
    private readonly taken: readonly Transition[],
  ) {}

  /** Forgets the last run. */
  clear(): void {
    if (this.all.length === 0) return;
    this.all = [];
    this.known.clear();
  }

  violation(
    kind: ViolationKind,
    rule: RuleId | undefined,
    claim: number | undefined,
    text: string,
    what: string,
    chains?: readonly string[],
  ): void {
    const key = claim === undefined ? `${kind} ${what}` : String(claim);
    if (this.known.has(key)) return;
    this.known.add(key);
    this.all.push({ kind, rule, claim, text, what, step: this.taken.length, ...(chains && { chains }) });
  }

  /** A claim about states does not hold in the present one. */
  readonly state = (claim: StateClaim, instance: Instance): void => {
    const kind = claim.kind === "finally" ? "finally" : "always";
    this.violation(kind, claim.rule, claim.id, instance.text, instance.complaints(this.whole.watch).join("; "));
  };

  /** A claim about events does not hold. */
  readonly order = (claim: OrderClaim, what: string): void => {
    this.violation(claim.kind, claim.rule, claim.id, claim.text, what);
  };

  /** The implementation's own checkers found something. */
  report({ check, what, rule, chains }: Report): void {
    // A report that names its rule breaks that one, whichever other rule of the case claims such a check.
    const owner = this.whole.checkClaim(check, rule);
    const broken = owner?.rule ?? (rule as RuleId | undefined) ?? this.whole.plan.onlyRule;
    this.violation(check, broken, owner?.id, `never ${check}`, what, chains);
  }

  /** The world was closed: what else was found. */
  closed({ leaks, reports }: CloseReply): void {
    if (leaks !== undefined) for (const what of leaks) this.report({ check: "leak", what });
    if (reports !== undefined) for (const report of reports) this.report(report);
  }

  /** A call was not answered in time. */
  overdue(thread: string, what: string, message: string): void {
    const owner = this.whole.checkClaim("deadlock");
    const rule = owner?.rule ?? this.whole.plan.onlyRule;
    this.violation("stuck", rule, owner?.id, "every call returns or says that it is blocked", `${thread}: ${what}: ${message}`);
  }

  /** A thread announced this step after the steps so far in an earlier run, and does not in this one. */
  notRepeatable(thread: string, { does: { kind, objects } }: Transition): void {
    const step = `${thread} announced ${kind} of ${objects.join(", ")}`;
    const what = `after the same ${this.taken.length} steps, ${step} in an earlier run and does not now`;
    this.violation("nondeterministic", undefined, undefined, "the same steps lead to the same state", what);
  }

  /** None of these threads can go on: whether that is wrong, since one of them is neither done nor where the case says that it stays. */
  stuck(lanes: readonly Lane[]): boolean {
    let isWrong = false;
    for (const lane of lanes) if (isWaiting(lane) && lane.call?.staysBlocked !== true) isWrong = true;
    if (isWrong) this.deadlock(lanes.filter(isWaiting));
    return isWrong;
  }

  private deadlock(lanes: readonly Lane[]): void {
    const owner = this.whole.checkClaim("deadlock");
    const rule = owner?.rule ?? lanes.map((lane) => lane.call?.rule).find((each) => each !== undefined) ?? this.whole.plan.onlyRule;
    const livelock = lanes.every((lane) => !lane.blocked && lane.announced?.kind === "again");
    const what = lanes.map((lane) => `${standsIn(lane)} ${waitsFor(lane)}`).join("; ");
    this.violation("stuck", rule, owner?.id, "every call returns", `${livelock ? "livelock" : "deadlock"}: ${what}`);
  }
}

function isWaiting({ pending, blocked }: Lane): boolean {
  return pending || blocked;
}

function standsIn(lane: Lane): string {
  return lane.call === undefined ? lane.name : `${lane.name} in ${lane.call.do}`;
}

function waitsFor(lane: Lane): string {
  const { blocked, announced } = lane;
  if (blocked || announced === undefined) return "is blocked";
  const objects = announced.on.map(({ name }) => name);
  if (announced.kind === "again") return `retries until ${objects.join(" or ")} changes`;
  return `waits for ${objects.join(", ")} (${announced.kind.replaceAll("_", " ")})`;
}

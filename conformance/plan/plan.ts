/** What a case comes to for one implementation: what is asked, in which order, and what can be judged. */
import type { Call, Case, Given, HelloReply, RuleId } from "../../spec/generated/types";
import type { FiledDisagreement, Spec } from "../case/spec";
import { limitOf, UnknownLimit } from "../case/want";
import { argumentsOf } from "./arguments";
import { ClaimList } from "./claim-list";
import type { OutcomeClaim, OrderClaim, PlannedClaim, ReturnClaim, StateClaim } from "./claims";
import { entriesAbout } from "./ledger";
import { askedOf } from "./versions";

/** One call as it is sent, and what is demanded of it. */
export interface PlannedCall {
  readonly do: string;
  readonly args: Record<string, unknown>;
  readonly returned: ReturnClaim | undefined;
  readonly then: StateClaim | undefined;
  readonly staysBlocked: boolean;
  /** The rule that a call which is stuck, or returns where it should not, breaks. */
  readonly rule: RuleId | undefined;
}

/** A thread, the calls it makes in order, and the thread on whose stack it runs, if not its own. */
export interface PlannedThread {
  readonly name: string;
  readonly interrupts: string | undefined;
  readonly calls: readonly PlannedCall[];
}

/** A case that this implementation can be asked. */
export interface Plan {
  readonly case: string;
  readonly given: Given;
  readonly faults: { readonly alloc: number } | undefined;
  readonly control: HelloReply["control"];
  /** It can bring a world to where the last one was. */
  readonly again: boolean;
  /** What is driven is a model: it must reach every outcome listed, and no other. */
  readonly model: boolean;
  readonly setUp: readonly PlannedCall[];
  readonly threads: readonly PlannedThread[];
  readonly claims: readonly PlannedClaim[];
  readonly onlyRule: RuleId | undefined;
  /** Rules that kernels of the version claimed are known to break. */
  readonly expectedToBreak: ReadonlySet<RuleId>;
  /** What the ledger says of this case on this kernel. */
  readonly disagreements: readonly FiledDisagreement[];
}

/** A case that is not asked, and why. */
export interface NotAsked {
  readonly verdict: "unclaimed" | "untestable";
  readonly reason: string;
  readonly claims: readonly PlannedClaim[];
}

/** Plans a case for the implementation that said `hello`, judged by the rules of kernel `as` or the one it claims. */
export function plan(what: Case, spec: Spec, hello: HelloReply, as = hello.kernel): Plan | NotAsked {
  const asked = new Map(what.rules.map((rule) => [rule, askedOf(spec.rules.get(rule), as)]));
  if (!what.rules.some((rule) => asked.get(rule) !== "not asked"))
    return { verdict: "unclaimed", reason: `its rules do not hold for ${as ?? "the newest kernel"}`, claims: [] };
  const unclaimed = neededFeatures(what, spec).filter((feature) => !hello.features.includes(feature));
  if (unclaimed.length > 0) return { verdict: "unclaimed", reason: lacks(unclaimed, hello), claims: [] };
  const missing = [...new Set(callsOf(what).map((call) => call.do))].filter((name) => !hello.calls.includes(name));
  if (missing.length > 0) return { verdict: "untestable", reason: `does not have the call ${missing.join(", ")}`, claims: [] };
  try {
    return planned(what, spec, hello, asked);
  } catch (error) {
    if (error instanceof UnknownLimit) return { verdict: "untestable", reason: error.message, claims: [] };
    throw error;
  }
}

function planned(what: Case, spec: Spec, hello: HelloReply, asked: ReadonlyMap<RuleId, string>): Plan | NotAsked {
  const onlyRule = what.rules.length === 1 ? what.rules[0] : undefined;
  const isAsked = (rule: RuleId | undefined): boolean => rule === undefined || asked.get(rule) !== "not asked";
  const list = new ClaimList(spec, hello, isAsked, onlyRule);
  const each = (call: Call): PlannedCall[] => {
    const { do: name, repeat = 1 } = call;
    const [returned, then] = [list.returned(call), list.then(call)];
    return Array.from({ length: typeof repeat === "number" ? repeat : limitOf(repeat, hello.limits) }, (_, nth) => ({
      do: name,
      args: argumentsOf(call, spec.calls.get(name), spec.symbols, hello.limits, nth),
      returned,
      then,
      staysBlocked: call.stays === "blocked",
      rule: call.rule ?? onlyRule,
    }));
  };
  const setUp = what.threads === undefined ? [] : (what.calls ?? []).flatMap(each);
  const threads = Object.entries(what.threads ?? { P0: what.calls ?? [] }).map(([name, thread]): PlannedThread => {
    const { interrupts, calls } = Array.isArray(thread) ? { interrupts: undefined, calls: thread } : thread;
    return { name, interrupts, calls: calls.flatMap(each) };
  });
  list.wholeCase(what);
  const { claims } = list;
  const judged = claims.filter((claim) => claim.kind !== "sometimes");
  if (judged.every((claim) => claim.unseen !== undefined)) {
    const reasons = new Set(judged.map((claim) => claim.unseen));
    return { verdict: "untestable", reason: [...reasons].join("; ") || "the case claims nothing", claims };
  }
  const expectedToBreak = new Set(what.rules.filter((rule) => asked.get(rule) === "expected to break"));
  const { case: id, given, faults } = what;
  const disagreements = entriesAbout(hello, spec).filter((entry) => entry.case === undefined || entry.case === id);
  return {
    case: id,
    given,
    faults,
    control: hello.control,
    again: hello.again === true,
    model: hello.kind === "model",
    setUp,
    threads,
    claims,
    onlyRule,
    expectedToBreak,
    disagreements,
  };
}

/** Which features are not claimed, with the reasons given for them. */
function lacks(features: readonly string[], { absent = {} }: HelloReply): string {
  const reason = (feature: string): string => (absent[feature] === undefined ? "" : ` (${absent[feature]})`);
  return `does not claim ${features.map((feature) => feature + reason(feature)).join(", ")}`;
}

/** Every call that a case makes. */
function callsOf(what: Case): Call[] {
  return [...(what.calls ?? []), ...Object.values(what.threads ?? {}).flatMap((thread) => (Array.isArray(thread) ? thread : thread.calls))];
}

/** What an implementation must claim to be asked: the features of the rules and of the calls. */
function neededFeatures(what: Case, spec: Spec): string[] {
  const ofRules = what.rules.map((rule) => spec.rules.get(rule)?.feature);
  const ofCalls = callsOf(what).map((call) => spec.calls.get(call.do)?.feature);
  return [...new Set([...ofRules, ...ofCalls])].filter((feature) => feature !== undefined);
}

/** The claims about states that this implementation can show. */
export function seenStates(plan: Plan): StateClaim[] {
  return plan.claims.filter((claim): claim is StateClaim => "compiled" in claim && claim.unseen === undefined);
}

/** The event claims that this implementation can show. */
export function seenOrders(plan: Plan): OrderClaim[] {
  return plan.claims.filter((claim): claim is OrderClaim => "says" in claim && claim.unseen === undefined);
}

/** A check of what goes on inside of calls: seen only by who looks there. */
export function isInside(claim: PlannedClaim): boolean {
  return claim.kind === "check" && claim.check !== "deadlock" && claim.check !== "leak";
}

/** Must it be told what happens inside of calls, for its claims about events and its checks? */
export function looksInside(plan: Plan): boolean {
  return seenOrders(plan).length > 0 || plan.claims.some((claim) => isInside(claim) && claim.unseen === undefined);
}

/** The claim about outcomes, if there is one that can be shown. */
export function seenOutcomes(plan: Plan): OutcomeClaim | undefined {
  return plan.claims.find((claim): claim is OutcomeClaim => claim.kind === "outcome" && claim.unseen === undefined);
}

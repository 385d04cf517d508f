/** What a case holds, laid out flat: its calls, and its claims with the rule that each belongs to. */
import type { Call, Case, Claim, EventClaim, Pattern, RuleId, Thread, Want } from "../../spec/generated/types";
import type { Path } from "./source";

/** A call, and where it stands: in a thread, or before them. */
export interface PlacedCall {
  readonly call: Call;
  readonly path: Path;
}

/** The keys that every call has; what else a call holds is an argument. */
export const CALL_KEYS: readonly string[] = ["do", "rule", "returns", "then", "stays", "repeat"];

/** The arguments of a call. */
export function argumentsOf(call: Call): Record<string, unknown> {
  return Object.fromEntries(Object.entries(call).filter(([key]) => !CALL_KEYS.includes(key)));
}

/** The calls of a thread, however the thread is written. */
export function callsOfThread(thread: Thread): readonly Call[] {
  return Array.isArray(thread) ? thread : thread.calls;
}

/** Every call of a case. */
export function callsOf(body: Case): PlacedCall[] {
  const placed = (calls: readonly Call[], path: Path): PlacedCall[] => calls.map((call, i) => ({ call, path: [...path, i] }));
  const inThreads = Object.entries(body.threads ?? {}).flatMap(([name, thread]) =>
    placed(callsOfThread(thread), Array.isArray(thread) ? ["threads", name] : ["threads", name, "calls"]),
  );
  return [...placed(body.calls ?? [], ["calls"]), ...inThreads];
}

/** A part of a case that an implementation can fail, and the rule that it says it belongs to. */
export interface PlacedClaim {
  readonly path: Path;
  readonly rule: RuleId | undefined;
}

/** Every claim of a case; `sometimes` is none, as it asks the reference and no implementation. */
export function claimsOf(body: Case): PlacedClaim[] {
  const claims: PlacedClaim[] = [];
  for (const { call, path } of callsOf(body))
    if (call.returns !== undefined || call.then !== undefined || call.stays !== undefined) claims.push({ path, rule: call.rule });
  for (const key of ["always", "finally", "events", "outcomes"] as const)
    for (const [i, { rule }] of (body[key] ?? []).entries()) claims.push({ path: [key, i], rule });
  for (const [i, never] of (body.never ?? []).entries())
    claims.push({ path: ["never", i], rule: typeof never === "string" ? undefined : never.rule });
  return claims;
}

/** A pattern of a case, and how it is judged. */
export interface PlacedPattern {
  readonly pattern: Pattern;
  readonly path: Path;
  /** It is judged after each step, so it may look one step back. */
  readonly stepping: boolean;
  /** The pattern whose `*` this one repeats. */
  readonly boundBy?: Pattern;
}

/** Every pattern of a case, without those inside `any_of`. */
export function patternsOf(body: Case): PlacedPattern[] {
  const found: PlacedPattern[] = [];
  for (const { call, path } of callsOf(body))
    if (call.then !== undefined) found.push({ pattern: call.then, path: [...path, "then"], stepping: false });
  for (const [i, claim] of (body.always ?? []).entries()) found.push(...patternsOfClaim(claim, ["always", i], true));
  for (const [i, claim] of (body.finally ?? []).entries()) found.push(...patternsOfClaim(claim, ["finally", i], false));
  for (const [i, pattern] of (body.sometimes ?? []).entries()) found.push({ pattern, path: ["sometimes", i], stepping: false });
  for (const [i, claim] of (body.events ?? []).entries())
    if (claim.if !== undefined) found.push({ pattern: claim.if, path: ["events", i, "if"], stepping: false });
  for (const key of ["outcomes", "permitted"] as const)
    for (const [i, { reads }] of (body[key] ?? []).entries())
      if (reads !== undefined) found.push({ pattern: reads, path: [key, i, "reads"], stepping: false });
  return found;
}

function patternsOfClaim(claim: Claim, path: Path, stepping: boolean): PlacedPattern[] {
  const { rule: _, if: condition, then: consequence, ...pattern } = claim;
  const found: PlacedPattern[] = [];
  if (Object.keys(pattern).length > 0) found.push({ pattern: pattern as Pattern, path, stepping });
  if (condition !== undefined) found.push({ pattern: condition, path: [...path, "if"], stepping });
  if (consequence !== undefined)
    found.push({ pattern: consequence, path: [...path, "then"], stepping, ...(condition !== undefined && { boundBy: condition }) });
  return found;
}

/** The reads that a pattern asks for itself, and what it wants of each. */
export function readsOf(pattern: Pattern): [string, Want][] {
  return Object.entries(pattern).filter(([key]) => key !== "any_of" && key !== "unlocked") as [string, Want][];
}

/** The events that a claim names, and where. */
export function eventsOf(claim: EventClaim): [string, Path][] {
  const listed = (key: "order" | "between"): [string, Path][] => (claim[key] ?? []).map((event, i) => [event, [key, i]]);
  const counted = Object.keys(claim.count ?? {}).map((event): [string, Path] => [event, ["count", event]]);
  return [
    ...listed("order"),
    ...listed("between"),
    ...counted,
    ...(claim.never === undefined ? [] : [[claim.never, ["never"]] as [string, Path]]),
  ];
}

import type { Case, HelloReply } from "../../spec/generated/types";
import type { Exchange } from "../adapter/door";
import type { Spec } from "../case/spec";
import { sumInDigits } from "../explore/digest";
import { explore, type Explored } from "../explore/explore";
import { Follow, type Divergence } from "../explore/follow";
import { canRace, race, type RaceResult } from "../explore/free";
import { readRace, writeRace, type Race } from "../explore/race";
import type { Limits } from "../explore/exploration";
import { optimal } from "../explore/optimal";
import { readSchedule, writeSchedule } from "../explore/schedule";
import { sleepSets } from "../explore/sleep-sets";
import type { Dependent } from "../explore/footprint";
import type { Strategy } from "../explore/strategy";
import type { PlannedClaim } from "../plan/claims";
import { plan, type NotAsked, type Plan } from "../plan/plan";
import { failed } from "./failed";
import type { Failure, Finding, How, Seen, Verdict } from "./verdict";

/** How to judge a case. */
export interface Judging {
  /** Which runs to make; one for each trace unless said, and for whole calls, of which all depend on each other, sleep sets. */
  readonly strategy?: (dependent: Dependent) => Strategy;
  readonly limits?: Limits;
  /** How to race an implementation that can only be let free. */
  readonly race?: Race;
  /** Shorten a failure, with at most so many runs; not at all unless said. */
  readonly shorten?: number;
  /** Judge by the rules of this kernel version, not by those of the one that is claimed. */
  readonly as?: string;
  /** Sum up the traces. */
  readonly digest?: boolean;
  /** Have the implementation say the call path of each step, and of each lock that is taken inside another. */
  readonly paths?: boolean;
}

/** Enough for every case of the ordinary set. */
export const LIMITS: Limits = { runs: 200_000, steps: 20_000 };
/** More than a deep case has. */
const DEEP_RUNS = 100_000_000;
/** Some hundred worlds show what comes out one time in a hundred. */
export const RACE: Race = { worlds: 300, seed: 1 };

/** For a race alone: no order of calls comes before it. */
const NO_RUNS: Strategy = { name: "none", complete: false, begin: () => false, choose: () => undefined };

/** When to give a case up. */
export function limitsOf({ deep }: Case, { limits }: Judging): Limits {
  return limits ?? (deep === true ? { ...LIMITS, runs: DEEP_RUNS } : LIMITS);
}

/** Judges a case on the implementation that said `hello`; a failure found is run again for its trace. */
export function* judge(what: Case, spec: Spec, hello: HelloReply, options: Judging = {}): Exchange<Verdict> {
  const planned = plan(what, spec, hello, options.as ?? hello.kernel);
  if ("verdict" in planned) return notRun(what, planned.verdict, planned);
  const limits = limitsOf(what, options);
  const strategy = options.strategy ?? (planned.control === "step" ? optimal : sleepSets);
  const { digest = false, paths = false } = options;
  const explored = yield* explore(planned, { strategy, limits, digest, paths });
  return yield* concluded(what, planned, explored, hello, options);
}

/** What an exploration comes to; a failure is made again for its trace, and what can race is raced. */
export function* concluded(what: Case, planned: Plan, explored: Explored, hello: HelloReply, options: Judging): Exchange<Verdict> {
  const limits = limitsOf(what, options);
  if (explored.stopped?.why === "cannot" && explored.runs === 1)
    return notRun(what, "untestable", { reason: explored.stopped.what, claims: planned.claims });
  const failure = yield* failed(planned, explored, limits, options.shorten);
  if (failure !== undefined || explored.stopped !== undefined || hello.control !== "free" || !canRace(planned))
    return verdictOf(what, planned, explored, failure);
  const raced = yield* race(explored.whole, options.race ?? RACE);
  return verdictOf(what, planned, explored, failedInRace(planned, raced), raced);
}

/** Judges one run of a case: along the schedule given, then always the first thread that can go on. Or one race. */
export function* judgeAgain(what: Case, spec: Spec, hello: HelloReply, schedule: string, options: Judging = {}): Exchange<Verdict> {
  const again = readRace(schedule);
  if (again === undefined) return yield* judgeAlong(new Follow(readSchedule(schedule)), what, spec, hello, options);
  const verdict = yield* judge(what, spec, hello, { ...options, strategy: () => NO_RUNS, race: again });
  if (verdict.verdict !== "holds" || verdict.how?.race !== undefined) return verdict;
  return { ...verdict, verdict: "untestable", reason: verdict.how?.notRaced ?? `there is no race: its control is \`${hello.control}\`` };
}

function* judgeAlong(follow: Follow, what: Case, spec: Spec, hello: HelloReply, options: Judging): Exchange<Verdict> {
  const verdict = yield* judge(what, spec, hello, { ...options, strategy: () => follow });
  if (follow.divergence === undefined || verdict.how === undefined) return verdict;
  const diverged = inWords(follow.divergence, Object.keys(what.threads ?? { P0: [] }));
  const how = { ...verdict.how, diverged };
  if (verdict.verdict !== "holds") return { ...verdict, how };
  return { ...verdict, how, verdict: "unfinished", reason: `${diverged}; what is left of it shows no failure` };
}

function inWords({ after, thread, announced, had }: Divergence, threads: readonly string[]): string {
  const what = announced === undefined ? "cannot go on there" : `announced ${announced}, the schedule had ${had ?? "another step"}`;
  return `the schedule no longer fits after step ${after}: ${threads[thread] ?? `thread ${thread}`} ${what}`;
}

function failedInRace(planned: Plan, { violations: [first, ...others], histogram }: RaceResult): Failure | undefined {
  if (first === undefined) return undefined;
  const threads = planned.threads.map(({ name }) => name);
  return { violations: [first, ...others], run: 1, schedule: writeRace(histogram), threads, trace: [] };
}

/** The verdict that follows from what was explored. */
export function verdictOf(what: Case, planned: Plan, explored: Explored, failure: Failure | undefined, raced?: RaceResult): Verdict {
  const { whole } = explored;
  const stopped = raced?.stopped?.why === "crashed" ? raced.stopped : explored.stopped;
  const verdict = failure !== undefined ? "broken" : stopped === undefined ? "holds" : stopped.why === "crashed" ? "crashed" : "unfinished";
  return {
    case: what.case,
    rules: what.rules,
    verdict,
    reason: failure === undefined ? reasonOf(planned, explored, raced) : undefined,
    ...(failure === undefined ? { expected: false } : expectationOf(failure, planned)),
    seen: seenOf(planned.claims),
    marks: [...whole.marks],
    nested: [...whole.nested.values()],
    findings: verdict === "holds" ? findingsOf(planned, explored) : [],
    how: howOf(planned, explored, raced),
    failure,
  };
}

/** Whether all that was violated is known of kernels of this version, or of this one. */
function expectationOf({ violations }: Failure, { expectedToBreak, disagreements }: Plan): Pick<Verdict, "expected" | "differs"> {
  const entries = disagreements.filter((entry) => violations.some(({ rule }) => rule === entry.rule));
  const isKnown = (rule: string | undefined): boolean => entries.some((entry) => entry.rule === rule);
  const expected = violations.every(({ rule }) => rule !== undefined && (expectedToBreak.has(rule) || isKnown(rule)));
  return { expected, ...(expected && entries.length > 0 && { differs: entries }) };
}

/** Why an exploration ended early; a crash of several threads with the schedule that leads to it. */
function reasonOf({ threads }: Plan, { stopped, last }: Explored, raced: RaceResult | undefined): string | undefined {
  if (raced?.stopped?.why === "crashed") return `${raced.stopped.what} (in a race)`;
  if (stopped?.why !== "crashed" || threads.length === 1 || last === undefined) return stopped?.what;
  return `${stopped.what} (under the schedule ${writeSchedule(last.taken)})`;
}

function notRun(what: Case, verdict: "untestable" | "unclaimed", { reason, claims }: Pick<NotAsked, "reason" | "claims">): Verdict {
  const { case: id, rules } = what;
  return {
    case: id,
    rules,
    verdict,
    reason,
    expected: false,
    seen: seenOf(claims),
    marks: [],
    nested: [],
    findings: [],
    how: undefined,
    failure: undefined,
  };
}

function howOf(planned: Plan, explored: Explored, raced: RaceResult | undefined): How {
  const { strategy, told, runs, redundant, steps, deadlocks, whole, digest } = explored;
  const { control } = planned;
  return {
    strategy,
    control,
    covered: coveredBy(planned, explored),
    ...told,
    runs,
    redundant,
    steps,
    ends: whole.ends.all.size,
    deadlocks,
    retries: whole.footprints.retries,
    ...(digest !== undefined && { digest: sumInDigits(digest) }),
    ...(raced !== undefined && (raced.stopped?.why === "cannot" ? { notRaced: raced.stopped.what } : { race: raced.histogram })),
  };
}

function coveredBy({ threads, control }: Plan, { strategy, told, runs, complete }: Explored): How["covered"] {
  if (strategy === NO_RUNS.name) return "a race";
  if (strategy === "replay" || (threads.length === 1 && runs === 1)) return "one run";
  if (told.preemptions !== undefined) return "few preemptions";
  if (told.seed !== undefined) return "random runs";
  if (!complete) return "some schedules";
  return control === "step" ? "every schedule" : "every order of calls";
}

function seenOf(claims: readonly PlannedClaim[]): Seen {
  const judged = claims.filter((claim) => claim.kind !== "sometimes");
  const seen = judged.filter((claim) => claim.unseen === undefined);
  const rules: Record<string, { claims: number; of: number }> = {};
  for (const { rule, unseen } of judged) {
    if (rule === undefined) continue;
    const count = (rules[rule] ??= { claims: 0, of: 0 });
    count.of++;
    if (unseen === undefined) count.claims++;
  }
  const blind = judged.flatMap((claim) =>
    claim.kind === "outcome" && claim.blind.length > 0 ? [`does not show ${claim.blind.join(", ")}`] : [],
  );
  const reasons = new Set([...judged.map((claim) => claim.unseen).filter((reason) => reason !== undefined), ...blind]);
  return { claims: seen.length, of: judged.length, rules, unseen: [...reasons] };
}

/** What a case promises to reach and did not. One run alone promises nothing. */
function findingsOf(planned: Plan, { whole, complete }: Explored): Finding[] {
  if (!complete) return [];
  const findings: Finding[] = [];
  for (const claim of [...whole.states, ...whole.finals]) {
    const { compiled, id, text } = claim;
    if (compiled.starred && !whole.watch.instanced.has(id))
      findings.push({ kind: "no instance", text: `there is nothing that this is about: ${text}` });
    else if (!whole.watch.reached.has(id))
      findings.push({ kind: "not shown", text: claim.kind === "sometimes" ? text : `the premise of: ${text}` });
  }
  for (const claim of planned.claims)
    if (claim.kind === "outcome" && claim.unseen === undefined)
      for (const outcome of claim.listed)
        if (!whole.outcomes.reached.has(outcome)) findings.push({ kind: "outcome never reached", text: outcome.text });
  return findings;
}

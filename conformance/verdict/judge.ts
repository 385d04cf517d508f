import type { Case, HelloReply } from "../../spec/generated/types";
import type { Exchange } from "../adapter/door";
import type { Spec } from "../case/spec";
import { explore, type Explored } from "../explore/explore";
import type { Limits } from "../explore/exploration";
import { optimal } from "../explore/optimal";
import { replay } from "../explore/replay";
import { readSchedule, writeSchedule } from "../explore/schedule";
import { sleepSets } from "../explore/sleep-sets";
import type { Dependent } from "../explore/footprint";
import type { Strategy } from "../explore/strategy";
import type { Violation } from "../explore/violation";
import type { PlannedClaim } from "../plan/claims";
import { plan, type NotAsked, type Plan } from "../plan/plan";
import type { Failure, Finding, How, Seen, Verdict } from "./verdict";

/** How to judge a case. */
export interface Judging {
  /** Which runs to make; one for each trace unless said, and for whole calls, of which all depend on each other, sleep sets. */
  readonly strategy?: (dependent: Dependent) => Strategy;
  readonly limits?: Limits;
  /** Judge by the rules of this kernel version, not by those of the one that is claimed. */
  readonly as?: string;
}

/** Enough for every case of the ordinary set. */
const LIMITS: Limits = { runs: 200_000, steps: 20_000 };

/** Judges a case on the implementation that said `hello`; a failure found is run again for its trace. */
export function* judge(what: Case, spec: Spec, hello: HelloReply, options: Judging = {}): Exchange<Verdict> {
  const planned = plan(what, spec, hello, options.as ?? hello.kernel);
  if ("verdict" in planned) return notRun(what, planned.verdict, planned);
  if (hello.control === "free")
    return notRun(what, "untestable", { reason: "control `free` is not driven yet: claim `call` or `step`", claims: planned.claims });
  const limits = options.limits ?? LIMITS;
  const explored = yield* explore(planned, { strategy: options.strategy ?? (planned.control === "step" ? optimal : sleepSets), limits });
  const failure = yield* failed(planned, explored, limits);
  return verdictOf(what, planned, explored, failure);
}

/** Judges one run of a case: the schedule given, then always the first thread that can go on. */
export function* judgeAgain(what: Case, spec: Spec, hello: HelloReply, schedule: string, options: Judging = {}): Exchange<Verdict> {
  const steps = readSchedule(schedule);
  return yield* judge(what, spec, hello, { ...options, strategy: () => replay(steps) });
}

function* failed(planned: Plan, { violations, last, runs, redundant }: Explored, limits: Limits): Exchange<Failure | undefined> {
  const [first, ...others] = violations;
  if (first === undefined || last === undefined) return undefined;
  const { taken } = last;
  const again = yield* explore(planned, { strategy: () => replay(taken), limits, paths: true });
  const [repeated] = again.violations;
  const same = repeated !== undefined && repeated.kind === first.kind && repeated.what === first.what && repeated.step === first.step;
  const fickle: Violation[] = same || first.kind === "nondeterministic" ? [] : [notRepeated(first, again)];
  const threads = planned.threads.map((thread) => thread.name);
  const started = (again.last?.trace ?? []).map((row) => row.thread);
  return {
    violations: [first, ...others, ...fickle],
    run: runs + redundant,
    schedule: writeSchedule(taken),
    threads: [...new Set([...threads, ...started])],
    trace: again.last?.trace ?? [],
  };
}

function notRepeated(first: Violation, { violations, stopped }: Explored): Violation {
  const instead = violations[0]?.what ?? stopped?.what ?? "nothing was violated";
  const what = `the run that showed this was made again under the same schedule, and did not show it: ${instead}`;
  return { ...first, kind: "nondeterministic", claim: undefined, text: "the same steps lead to the same state", what };
}

function verdictOf(what: Case, planned: Plan, explored: Explored, failure: Failure | undefined): Verdict {
  const { stopped, whole } = explored;
  const verdict = failure !== undefined ? "broken" : stopped === undefined ? "holds" : stopped.why === "crashed" ? "crashed" : "unfinished";
  const expected = failure !== undefined && failure.violations.every(({ rule }) => rule !== undefined && planned.expectedToBreak.has(rule));
  return {
    case: what.case,
    rules: what.rules,
    verdict,
    reason: failure === undefined ? reasonOf(planned, explored) : undefined,
    expected,
    seen: seenOf(planned.claims),
    marks: [...whole.marks],
    findings: verdict === "holds" ? findingsOf(planned, explored) : [],
    how: howOf(planned, explored),
    failure,
  };
}

/** Why an exploration ended early; a crash of several threads with the schedule that leads to it. */
function reasonOf({ threads }: Plan, { stopped, last }: Explored): string | undefined {
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
    findings: [],
    how: undefined,
    failure: undefined,
  };
}

function howOf(planned: Plan, { strategy, complete, runs, redundant, steps, deadlocks, whole }: Explored): How {
  const every = planned.control === "step" ? "every schedule" : "every order of calls";
  const covered = strategy === "replay" || (planned.threads.length === 1 && runs === 1) ? "one run" : complete ? every : "some schedules";
  const { control } = planned;
  return { strategy, control, covered, runs, redundant, steps, ends: whole.ends.size, deadlocks, retries: whole.footprints.retries };
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
  const reasons = new Set(judged.map((claim) => claim.unseen).filter((reason) => reason !== undefined));
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
        if (!whole.outcomes.has(outcome)) findings.push({ kind: "outcome never reached", text: outcome.text });
  return findings;
}

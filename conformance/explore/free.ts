/**
 * Control `free`: threads on real CPUs, where nobody chooses the schedule. The calls are queued and
 * released together, in one fresh world after another.
 */
import type { CallReply, CloseReply, OpenReply, RaceReply } from "../../spec/generated/types";
import { answered, Crashed, Overdue, type Exchange } from "../adapter/door";
import type { PlannedCall, Plan } from "../plan/plan";
import type { Exploration } from "./exploration";
import { RaceJudge, SET_UP, type Histogram, type Race } from "./race";
import type { Violation } from "./violation";

/** What became of a race. */
export interface RaceResult {
  readonly histogram: Histogram;
  readonly violations: readonly Violation[];
  /** Why it could not be raced, or ended early. */
  readonly stopped: { readonly why: "cannot" | "crashed"; readonly what: string } | undefined;
}

/** Worlds asked for at once: the answer has its deadline, and the user may want to stop. */
const PORTION = 10;
/** The same where a call stays blocked, which each world waits for. */
const SLOW_PORTION = 2;
/** Portions have seeds of their own, this far apart for seeds that are neighbours. */
const SEEDS = 1_000_000;

/** Whether the threads of a case can be released together: a handler has no CPU of its own. */
export function canRace({ threads }: Plan): boolean {
  return threads.length > 1 && threads.every(({ interrupts }) => interrupts === undefined);
}

/** Races a case; what it reaches is added to what the orders of calls have reached. */
export function* race(whole: Exploration, how: Race): Exchange<RaceResult> {
  const judge = new RaceJudge(whole, how);
  const result = (why?: "cannot" | "crashed", what = ""): RaceResult => ({
    histogram: judge.histogram(),
    violations: judge.violations(),
    stopped: why === undefined ? undefined : { why, what },
  });
  try {
    const cannot = yield* raceAll(whole.plan, judge, how);
    return cannot === undefined ? result() : result("cannot", cannot);
  } catch (error) {
    if (error instanceof Crashed) return result("crashed", error.message);
    if (!(error instanceof Overdue)) throw error;
    if (error.request.op !== "step") return result("crashed", error.message);
    judge.overdue(error.message);
    return result();
  }
}

/** Races in portions. Gives the reason if there can be no such worlds; throws Overdue if a single one is not over in time. */
function* raceAll(plan: Plan, judge: RaceJudge, { worlds, seed }: Race): Exchange<string | undefined> {
  const { setUp, threads } = plan;
  const slow = [...setUp, ...threads.flatMap(({ calls }) => calls)].some((call) => call.staysBlocked);
  let portion = slow ? SLOW_PORTION : PORTION;
  for (let done = 0; done < worlds;) {
    const repeat = Math.min(portion, worlds - done);
    try {
      const cannot = yield* racePortion(plan, judge, repeat, seed * SEEDS + done);
      if (cannot !== undefined) return cannot;
      done += repeat;
    } catch (error) {
      // On a slow machine a portion may take too long, though no world does.
      if (!(error instanceof Overdue) || error.request.op !== "step" || repeat === 1) throw error;
      portion = 1;
    }
  }
  return undefined;
}

/** Gives the reason if there can be no such worlds. */
function* racePortion(plan: Plan, judge: RaceJudge, repeat: number, seed: number): Exchange<string | undefined> {
  const { given, faults, setUp, threads } = plan;
  const { cannot } = answered<OpenReply>(yield { op: "open", given, ...(faults && { faults }), repeat, seed });
  if (cannot !== undefined) return cannot;
  for (const { name, calls } of [{ name: SET_UP, calls: setUp }, ...threads])
    for (const call of calls)
      if (!(yield* queued(name, call))) {
        answered(yield { op: "close" });
        return `it does not race ${call.do}`;
      }
  const { outcomes } = answered<Partial<RaceReply>>(yield { op: "step", reads: [...judge.reads] });
  if (outcomes === undefined) throw new Crashed("it was asked to race, and does not tell of outcomes");
  const worlds = outcomes.reduce((sum, { times }) => sum + times, 0);
  if (worlds !== repeat) throw new Crashed(`it was asked to race ${repeat} worlds, and tells of ${worlds}`);
  judge.judge(outcomes);
  judge.closed(answered<CloseReply>(yield { op: "close" }));
  return undefined;
}

/** Whether a call will be made in the race; it may be one that can only be made alone. */
function* queued(thread: string, call: PlannedCall): Exchange<boolean> {
  const reply = answered<CallReply>(yield { op: "call", thread, do: call.do, args: call.args });
  if (reply.unsupported === true) return false;
  if (reply.queued !== true) throw new Crashed(`it was asked to queue ${call.do}, and answered ${JSON.stringify(reply)}`);
  return true;
}

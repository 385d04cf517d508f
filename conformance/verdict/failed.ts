import type { Exchange } from "../adapter/door";
import { explore, type Explored } from "../explore/explore";
import type { Limits } from "../explore/exploration";
import { replay } from "../explore/replay";
import { markOf, writeSchedule, type Choice } from "../explore/schedule";
import type { Transition } from "../explore/footprint";
import { isSameFailure } from "../explore/shorten/same";
import { Shortener, type Shortest } from "../explore/shorten/shorten";
import type { Violation } from "../explore/violation";
import type { Plan } from "../plan/plan";
import type { Failure, Shortened } from "./verdict";

/** A run that was made once more, by its schedule and with its trace. */
interface Again {
  readonly explored: Explored;
  readonly schedule: string;
}

/**
 * The failure that an exploration found, if it found one. It is made again for its trace, and if
 * `shorten` says with how many runs, made shorter first.
 */
export function* failed(
  planned: Plan,
  { violations, last, runs, redundant }: Explored,
  limits: Limits,
  shorten = 0,
): Exchange<Failure | undefined> {
  const [first, ...others] = violations;
  if (first === undefined || last === undefined) return undefined;
  const taken = last.taken.slice();
  const found = yield* again(planned, taken, limits);
  const [repeated] = found.explored.violations;
  const same = repeated !== undefined && repeated.kind === first.kind && repeated.what === first.what && repeated.step === first.step;
  const fickle: Violation[] = same || first.kind === "nondeterministic" ? [] : [notRepeated(first, found.explored)];
  const run = runs + redundant;
  const whole = same ? {} : { schedule: marked(taken) };
  const asFound: Failure = { violations: [same ? repeated : first, ...others, ...fickle], run, ...shown(planned, found), ...whole };
  // What ends the implementation is not asked for again and again.
  if (shorten === 0 || !same || !isRace(taken) || last.reason !== undefined) return asFound;
  return (yield* shorter(planned, asFound, taken, limits, shorten)) ?? asFound;
}

function* shorter(planned: Plan, found: Failure, taken: readonly Choice[], limits: Limits, most: number): Exchange<Failure | undefined> {
  const shortest = yield* new Shortener(planned, limits, found.violations, most).shorten(taken);
  if (shortest === undefined) return undefined;
  const made = yield* again(planned, shortest.failing.taken, limits);
  const [first, ...others] = made.explored.violations;
  if (first === undefined || !isSameFailure(found.violations, made.explored.violations)) return undefined;
  return { violations: [first, ...others], run: found.run, ...shown(planned, made), shortened: shortened(planned, shortest) };
}

function* again(planned: Plan, schedule: readonly Choice[], limits: Limits): Exchange<Again> {
  const strategy = replay(schedule);
  const explored = yield* explore(planned, { strategy: () => strategy, limits, paths: true });
  return { explored, schedule: scheduleOf(planned, explored, strategy.written) };
}

/**
 * What makes a run again, up to what is broken first. What one thread does alone, or in whole calls, has
 * no marks: only what does not come by default is written.
 */
function scheduleOf({ control }: Plan, { last, violations }: Explored, written: number): string {
  const taken = last?.taken ?? [];
  if (control !== "step" || !isRace(taken)) return writeSchedule(taken.slice(0, written));
  return marked(taken.slice(0, Math.max(written, violations[0]?.step ?? 0)));
}

function marked(taken: readonly Transition[]): string {
  return taken.length === 0 ? "" : `${writeSchedule(taken)}.${taken.map(({ does }) => markOf(does)).join("")}`;
}

function isRace(taken: readonly Choice[]): boolean {
  return taken.some(({ thread }) => thread !== taken[0]?.thread);
}

function shown(planned: Plan, { explored, schedule }: Again): Pick<Failure, "schedule" | "threads" | "trace"> {
  const trace = explored.last?.trace ?? [];
  const threads = [...planned.threads.map(({ name }) => name), ...trace.map((row) => row.thread)];
  return { schedule, threads: [...new Set(threads)], trace };
}

function shortened({ threads }: Plan, { failing, from, replays, stopped }: Shortest): Shortened {
  const { switches, taken, step, begins } = failing;
  const leftOut = threads.map(({ name, calls }, thread) => {
    const steps = taken.slice(0, step).filter((each) => each.thread === thread).length;
    return [name, calls.filter((_, call) => (begins[thread]?.[call] ?? Infinity) >= steps).map((call) => call.do)] as const;
  });
  return { switches, from, replays, stopped, leftOut: Object.fromEntries(leftOut.filter(([, calls]) => calls.length > 0)) };
}

function notRepeated(first: Violation, { violations, stopped }: Explored): Violation {
  const instead = violations[0]?.what ?? stopped?.what ?? "nothing was violated";
  const what = `the run that showed this was made again under the same schedule, and did not show it: ${instead}`;
  return { ...first, kind: "nondeterministic", claim: undefined, text: "the same steps lead to the same state", what };
}

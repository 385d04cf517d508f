import type { Exchange } from "../adapter/door";
import type { Plan } from "../plan/plan";
import { Exploration, type Limits } from "./exploration";
import { Sequences } from "./sequences";
import { Run, type Ran } from "./run";
import type { Dependent } from "./footprint";
import { sleepSets } from "./sleep-sets";
import type { Strategy } from "./strategy";
import type { Violation } from "./violation";

/** How to explore. */
export interface Options {
  readonly strategy: (dependent: Dependent) => Strategy;
  readonly limits: Limits;
  /** Have the implementation say the call path of each step, and keep the trace of the last run. */
  readonly paths?: boolean;
  /** Go on after violations, and keep what each claim saw: to compare strategies with each other. */
  readonly record?: boolean;
}

/** What ends an exploration early: a limit, a crash, a schedule that does not fit, or a world that there cannot be. */
type Stop = "limit" | "crashed" | "misfit" | "cannot";

/** What an exploration came to. */
export interface Explored {
  readonly strategy: string;
  /** Every schedule that may make a difference was tried. */
  readonly complete: boolean;
  /** Why it ended early. */
  readonly stopped: { readonly why: Stop; readonly what: string } | undefined;
  readonly runs: number;
  /** Runs given up because what was left of them had been seen. */
  readonly redundant: number;
  readonly steps: number;
  readonly deadlocks: number;
  /** What was violated in the last run, or with `record` in any. */
  readonly violations: readonly Violation[];
  readonly last: Ran | undefined;
  readonly whole: Exploration;
  /** With `record`: what each claim saw. */
  readonly sequences: Sequences | undefined;
}

/**
 * Runs a case under every schedule that the strategy has, up to the first run with a violation. What
 * the strategy says that it cannot explore is explored with sleep sets.
 */
export function* explore(plan: Plan, options: Options): Exchange<Explored> {
  const strategies: Strategy[] = [];
  const first = yield* exploreWith(plan, options, strategies);
  if (strategies[0]?.outside === undefined || (first.violations.length > 0 && options.record !== true)) return first;
  return yield* exploreWith(plan, { ...options, strategy: sleepSets }, strategies);
}

function* exploreWith(
  plan: Plan,
  { strategy: make, limits, paths = false, record = false }: Options,
  made: Strategy[],
): Exchange<Explored> {
  const sequences = record ? new Sequences() : undefined;
  const whole = new Exploration(plan, limits, sequences);
  const strategy = make(whole.footprints.dependent);
  made.push(strategy);
  const violations: Violation[] = [];
  let [runs, redundant, steps, deadlocks] = [0, 0, 0, 0];
  let last: Ran | undefined;
  const explored = (complete: boolean, why?: Stop, what = ""): Explored => {
    const stopped = why === undefined ? undefined : { why, what };
    return {
      strategy: strategy.name,
      complete: complete && strategy.complete,
      stopped,
      runs,
      redundant,
      steps,
      deadlocks,
      violations,
      last,
      whole,
      sequences,
    };
  };
  while (strategy.begin()) {
    if (runs + redundant >= limits.runs) return explored(false, "limit", `after ${limits.runs} runs there were more`);
    last = yield* new Run(whole, paths).go(strategy);
    steps += last.taken.length;
    if (last.end === "asleep") redundant++;
    else runs++;
    if (last.end === "stuck") deadlocks++;
    violations.push(...last.violations);
    sequences?.ended(last.end === "complete" || last.end === "stuck");
    if (violations.length > 0 && !record) return explored(false);
    if (last.end === "crashed" || last.end === "misfit" || last.end === "cannot") return explored(false, last.end, last.reason);
    if (last.end === "too long") return explored(false, "limit", `a run took more than ${limits.steps} steps`);
  }
  return explored(true);
}

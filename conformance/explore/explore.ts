import type { Exchange } from "../adapter/door";
import { Digesting, type Sum } from "./digest";
import type { Plan } from "../plan/plan";
import { Exploration, type Limits } from "./exploration";
import { Sequences } from "./sequences";
import { Run, type Ran } from "./run";
import type { Dependent } from "./footprint";
import type { Footprints } from "./footprints";
import { sleepSets } from "./sleep-sets";
import type { Strategy, Told } from "./strategy";
import type { Violation } from "./violation";

/** How to explore. */
export interface Options {
  readonly strategy: (dependent: Dependent) => Strategy;
  readonly limits: Limits;
  /** Have the implementation say the call path of each step, and keep the trace of the last run. */
  readonly paths?: boolean;
  /** Go on after violations. */
  readonly record?: boolean;
  /** Keep what each claim saw: to compare strategies with each other. */
  readonly sequences?: boolean;
  /** Sum up the traces. */
  readonly digest?: boolean;
  /** Explore a part of it: by this strategy instead, which is not given up for another, and up to a pause, which may come after so many runs. */
  readonly part?: { readonly strategy: (footprints: Footprints) => Strategy; readonly pause: (runs: number) => boolean };
}

/** What ends an exploration early: a limit, a crash, a schedule that does not fit, a world that there cannot be; a part, besides, a pause. */
type Stop = "limit" | "crashed" | "misfit" | "cannot" | "paused" | "outside";

/** What an exploration came to. */
export interface Explored {
  readonly strategy: string;
  readonly told: Told;
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
  /** With `sequences`: what each claim saw. */
  readonly sequences: Sequences | undefined;
  /** With `digest`: the sum of the traces. */
  readonly digest: Sum | undefined;
}

/** What the runs of one strategy have come to so far. */
class Tally {
  readonly violations: Violation[] = [];
  readonly sequences: Sequences | undefined;
  readonly whole: Exploration;
  readonly strategy: Strategy;
  readonly digesting: Digesting | undefined;
  readonly run: Run;
  runs = 0;
  redundant = 0;
  steps = 0;
  deadlocks = 0;
  last: Ran | undefined;

  constructor(plan: Plan, { limits, paths = false, sequences = false, digest = false, part }: Options, make: Options["strategy"]) {
    this.sequences = sequences ? new Sequences() : undefined;
    this.whole = new Exploration(plan, limits, this.sequences);
    const { footprints } = this.whole;
    const { dependent } = footprints;
    const strategy = part === undefined ? make(dependent) : part.strategy(footprints);
    this.digesting = digest ? new Digesting(strategy, dependent) : undefined;
    this.strategy = this.digesting ?? strategy;
    this.run = new Run(this.whole, paths);
  }

  add(ran: Ran): void {
    this.last = ran;
    this.steps += ran.taken.length;
    if (ran.end === "asleep") this.redundant++;
    else this.runs++;
    if (ran.end === "stuck") this.deadlocks++;
    if (ran.violations.length > 0) this.violations.push(...ran.violations);
    this.sequences?.ended(ran.end === "complete" || ran.end === "stuck");
  }

  explored(complete: boolean, why?: Stop, what = ""): Explored {
    const { strategy, runs, redundant, steps, deadlocks, violations, last, whole, sequences } = this;
    const stopped = why === undefined ? undefined : { why, what };
    return {
      strategy: strategy.name,
      told: strategy.told?.() ?? {},
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
      digest: this.digesting?.sum,
    };
  }
}

/**
 * Runs a case under every schedule that the strategy has, up to the first run with a violation. What
 * the strategy says that it cannot explore is explored with sleep sets.
 */
export function* explore(plan: Plan, options: Options): Exchange<Explored> {
  const { limits, record = false, part } = options;
  let tally = new Tally(plan, options, options.strategy);
  for (;;) {
    if (!tally.strategy.begin()) {
      if (tally.strategy.outside === undefined) return tally.explored(true);
      if (part !== undefined) return tally.explored(false, "outside", tally.strategy.outside);
      tally = new Tally(plan, options, sleepSets);
      continue;
    }
    if (tally.runs + tally.redundant >= limits.runs) return tally.explored(false, "limit", `after ${limits.runs} runs there were more`);
    const made = tally.runs + tally.redundant;
    if (made > 0 && part?.pause(made) === true) return tally.explored(false, "paused");
    const ran = tally.run.atOnce(tally.strategy) ?? (yield* tally.run.rest(tally.strategy));
    tally.add(ran);
    if (tally.violations.length > 0 && !record) return tally.explored(false);
    if (ran.end === "crashed" || ran.end === "misfit" || ran.end === "cannot") return tally.explored(false, ran.end, ran.reason);
    if (ran.end === "too long") return tally.explored(false, "limit", `a run took more than ${limits.steps} steps`);
  }
}

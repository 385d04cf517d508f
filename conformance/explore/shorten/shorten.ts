import type { Exchange } from "../../adapter/door";
import type { Plan } from "../../plan/plan";
import { Exploration, type Limits } from "../exploration";
import { Run, type Ran } from "../run";
import type { Choice } from "../schedule";
import type { Violation } from "../violation";
import { Attempt } from "./attempt";
import { candidates } from "./candidates";
import { failingOf, isShorter, type Failing } from "./failing";
import { linearise } from "./linearise";
import { isSameFailure } from "./same";
import { stretchesOf, type Stretch } from "./stretch";
import { Trace, type Progress } from "./trace";

/** Of a longer run the order is left as it was found: which of its steps depend on which would take too long to find out. */
const LONGEST = 4000;

/** What shortening came to. */
export interface Shortest {
  readonly failing: Failing;
  /** How many context switches the run had that found it. */
  readonly from: number;
  readonly replays: number;
  /** Why there may be a shorter one that was not tried. */
  readonly stopped: string | undefined;
}

/**
 * Shortens one failure. Whatever is thought to be shorter is made a run, and taken only if that run
 * breaks the same: so what comes out has been seen to fail, whatever the way there.
 */
export class Shortener {
  private readonly whole: Exploration;
  private readonly run: Run;
  private readonly tried = new Set<string>();
  private replays = 0;
  private stopped: string | undefined;

  /** `most` is how many runs may be made. */
  constructor(
    plan: Plan,
    limits: Limits,
    private readonly found: readonly Violation[],
    private readonly most: number,
  ) {
    this.whole = new Exploration(plan, limits, undefined);
    this.run = new Run(this.whole, false);
  }

  /** The shortest run found that fails as this schedule does; undefined if even this one cannot be made again. */
  *shorten(schedule: readonly Choice[]): Exchange<Shortest | undefined> {
    const found = yield* this.attempt(stretchesOf(schedule), schedule);
    if (found === undefined) return undefined;
    let failing = yield* this.reordered(found);
    for (let better = yield* this.better(failing); better !== undefined; better = yield* this.better(failing)) failing = better;
    return { failing, from: found.switches, replays: this.replays, stopped: this.stopped };
  }

  /** A run that is shorter than this one, if one of the candidates is. */
  private *better(failing: Failing): Exchange<Failing | undefined> {
    for (const candidate of candidates(failing)) {
      const fails = yield* this.attempt(candidate, failing.taken);
      const reordered = fails === undefined ? undefined : yield* this.reordered(fails);
      if (reordered !== undefined && isShorter(reordered, failing)) return reordered;
      if (this.stopped !== undefined) return undefined;
    }
    return undefined;
  }

  /** The same run with fewer context switches. What is broken before its end is broken with nothing but what that comes after. */
  private *reordered(failing: Failing): Exchange<Failing> {
    const { taken, step } = failing;
    let shortest = failing;
    for (const order of this.orders(failing)) {
      const fails = yield* this.attempt(order, taken);
      if (fails !== undefined && isShorter(fails, shortest)) shortest = fails;
      if (fails !== undefined && step < taken.length) break;
    }
    return shortest;
  }

  /** Only what the failure comes after, and then whatever comes by default; or the rest of the run after that; or all of it. */
  private *orders({ taken, step, born }: Failing): Generator<readonly Stretch[]> {
    if (taken.length > LONGEST) return;
    const trace = new Trace(taken, this.whole.footprints.dependent, born);
    const none: Progress = trace.whole.map(() => 0);
    const past = step === 0 ? none : trace.past(step - 1);
    const first = linearise(trace, none, past);
    yield first;
    yield [...first, ...linearise(trace, past, trace.whole)];
    yield linearise(trace, none, trace.whole);
  }

  /** Makes a run, unless it was made before. Gives it if it breaks the same. */
  private *attempt(stretches: readonly Stretch[], picks: readonly Choice[]): Exchange<Failing | undefined> {
    const key = JSON.stringify([stretches, picks.filter(({ pick }) => pick > 0).map(({ thread, pick }) => [thread, pick])]);
    if (this.stopped !== undefined || this.tried.has(key)) return undefined;
    if (this.replays >= this.most) {
      this.stopped = `after ${this.most} runs`;
      return undefined;
    }
    this.tried.add(key);
    this.replays++;
    const attempt = new Attempt(stretches, picks);
    const ran = yield* this.run.go(attempt);
    if (ran.reason !== undefined) this.stopped = `where a run ended otherwise: ${ran.reason}`;
    return this.isShownBy(ran) ? failingOf(ran, attempt, this.whole) : undefined;
  }

  /** The check that nothing is taken without. */
  protected isShownBy({ violations }: Ran): boolean {
    return isSameFailure(this.found, violations);
  }
}

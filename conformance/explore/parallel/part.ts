/** One part of an exploration, explored apart, and what all parts come to together. */
import type { Nesting, RuleId } from "../../../spec/generated/types";
import type { Exchange } from "../../adapter/door";
import type { Plan } from "../../plan/plan";
import { addSums, NO_TRACES, type Sum } from "../digest";
import { explore, type Explored } from "../explore";
import { Exploration, type Limits } from "../exploration";
import { optimal } from "../optimal";
import { Share } from "./share";
import type { Frame, Job, ToldReversal } from "./told";

/** What exploring a part for a while came to: plain data. */
export interface Came {
  /** A violation, or an end other than a pause: the whole is to be explored by one, which finds the same every time. */
  readonly failed: boolean;
  readonly tally: TallyOfPart;
  readonly above: readonly ToldReversal[];
  /** Where it stands, unless it was explored to its end. */
  readonly frames: readonly Frame[] | undefined;
}

/** What the runs of some parts came to. */
export interface TallyOfPart {
  readonly runs: number;
  readonly redundant: number;
  readonly steps: number;
  readonly deadlocks: number;
  readonly digest: Sum;
  readonly marks: readonly RuleId[];
  readonly nested: readonly Nesting[];
  readonly ends: readonly string[];
  /** Claims by id, outcomes by their place. */
  readonly reached: readonly number[];
  readonly instanced: readonly number[];
  readonly outcomes: readonly number[];
  readonly retries: boolean;
}

/** How to explore a part. */
export interface PartOptions {
  readonly limits: Limits;
  readonly digest?: boolean;
  /** Go on after violations. */
  readonly record?: boolean;
  /** Whether to stop for now; asked before every run but the first. */
  readonly pause: (runs: number) => boolean;
}

/** Explores a part up to its end, or a pause; gives what there is to say of it, and that as plain data. */
export function* exploreShare(
  plan: Plan,
  job: Job,
  { limits, digest = false, record = false, pause }: PartOptions,
): Exchange<{ readonly explored: Explored; readonly came: Came }> {
  let share: Share | undefined;
  const strategy = (footprints: Exploration["footprints"]): Share => (share = new Share(footprints.dependent, footprints, job));
  const explored = yield* explore(plan, { strategy: optimal, limits, digest, record, part: { strategy, pause } });
  const why = explored.stopped?.why;
  const failed = (!record && explored.violations.length > 0) || (why !== undefined && why !== "paused");
  const frames = why === "paused" ? share?.frames() : undefined;
  return { explored, came: { failed, tally: tallyOf(explored), above: share?.above ?? [], frames } };
}

/** Explores a part for somebody else. */
export function* explorePart(plan: Plan, job: Job, options: PartOptions): Exchange<Came> {
  const { came } = yield* exploreShare(plan, job, options);
  return came;
}

function tallyOf({ runs, redundant, steps, deadlocks, digest = NO_TRACES, whole }: Explored): TallyOfPart {
  const { marks, nested, ends, watch, outcomes, footprints } = whole;
  return {
    runs,
    redundant,
    steps,
    deadlocks,
    digest,
    marks: [...marks],
    nested: [...nested.values()],
    ends: [...ends.all],
    reached: [...watch.reached],
    instanced: [...watch.instanced],
    outcomes: [...outcomes.reached].map((outcome) => outcomes.claim?.listed.indexOf(outcome) ?? -1),
    retries: footprints.retries,
  };
}

/** What several parts came to. */
export class Sums {
  readonly whole: Exploration;
  private readonly tallies = { runs: 0, redundant: 0, steps: 0, deadlocks: 0 };
  private digest: Sum = NO_TRACES;

  constructor(plan: Plan, limits: Limits) {
    this.whole = new Exploration(plan, limits, undefined);
  }

  get runs(): number {
    return this.tallies.runs;
  }

  add({ digest, marks, nested, ends, reached, instanced, outcomes, retries, ...counts }: TallyOfPart): void {
    const { whole, tallies } = this;
    for (const name of ["runs", "redundant", "steps", "deadlocks"] as const) tallies[name] += counts[name];
    this.digest = addSums(this.digest, digest);
    whole.passed({ marks, nested });
    for (const end of ends) whole.ends.keep(end);
    for (const id of reached) whole.watch.reached.add(id);
    for (const id of instanced) whole.watch.instanced.add(id);
    for (const place of outcomes) {
      const outcome = whole.outcomes.claim?.listed[place];
      if (outcome !== undefined) whole.outcomes.reached.add(outcome);
    }
    whole.footprints.retries ||= retries;
  }

  /** All of it, as if one had explored it. */
  explored(stopped?: Explored["stopped"]): Explored {
    const { whole, digest, tallies } = this;
    const said = { strategy: "optimal", told: {}, complete: stopped === undefined, stopped };
    return { ...said, ...tallies, violations: [], last: undefined, whole, sequences: undefined, digest };
  }

  /** As one part, to be added to others. */
  tally(): TallyOfPart {
    return tallyOf(this.explored());
  }
}

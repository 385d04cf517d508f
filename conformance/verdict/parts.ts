/** Judging a case in parts: by several at a time, or with pauses. */
import type { Case, HelloReply } from "../../spec/generated/types";
import type { Exchange } from "../adapter/door";
import type { Spec } from "../case/spec";
import { estimate, type Estimate } from "../explore/estimate";
import { explorePart, exploreShare, Sums, type Came } from "../explore/parallel/part";
import { Trunk, type SavedPart, type Work } from "../explore/parallel/trunk";
import { WHOLE, type Job } from "../explore/parallel/told";
import type { TallyOfPart } from "../explore/parallel/part";
import { sleepSets } from "../explore/sleep-sets";
import { plan, type Plan } from "../plan/plan";
import { concluded, judge, limitsOf, verdictOf, type Judging } from "./judge";
import type { Verdict } from "./verdict";

/** Asked before every run but the first, with how many were made: whether to stop for now. */
export type Pause = (runs: number) => boolean;

/** Judges a case unless it is paused: then it says where it stands. What cannot be explored in parts is never paused. */
export function* judgeUntil(what: Case, spec: Spec, hello: HelloReply, options: Judging, pause: Pause): Exchange<Verdict | Came> {
  const planned = planOf(what, spec, hello, options);
  if (planned === undefined) return yield* judge(what, spec, hello, options);
  const { explored, came } = yield* exploreShare(planned, WHOLE, partOptions(what, options, pause));
  if (came.frames !== undefined) return came;
  if (explored.stopped?.why === "outside") return yield* judge(what, spec, hello, { ...options, strategy: sleepSets });
  return yield* concluded(what, planned, explored, hello, options);
}

/** Explores a part of a case that was paused. */
export function* judgePart(what: Case, spec: Spec, hello: HelloReply, options: Judging, job: Job, pause: Pause): Exchange<Came> {
  const planned = planOf(what, spec, hello, options);
  if (planned === undefined) throw new Error(`${what.case} cannot be explored in parts`);
  return yield* explorePart(planned, job, partOptions(what, options, pause));
}

function partOptions(what: Case, options: Judging, pause: Pause) {
  return { limits: limitsOf(what, options), digest: options.digest === true, pause };
}

/** The plan of a case that can be explored in parts. */
function planOf(what: Case, spec: Spec, hello: HelloReply, { as, strategy }: Judging): Plan | undefined {
  const planned = plan(what, spec, hello, as ?? hello.kernel);
  if ("verdict" in planned || strategy !== undefined || planned.control !== "step" || planned.threads.length < 2) return undefined;
  return planned;
}

/** What was saved of a case that is judged in parts. */
export interface SavedParts {
  readonly trunk: SavedPart;
  readonly tally: TallyOfPart;
}

/** A case that is judged in parts: what is left of it, and what was seen. */
export class Parts {
  private readonly planned: Plan;
  private readonly sums: Sums;
  private readonly trunk: Trunk;

  constructor(
    private readonly what: Case,
    spec: Spec,
    hello: HelloReply,
    private readonly options: Judging,
    saved?: SavedParts,
  ) {
    const planned = planOf(what, spec, hello, options);
    if (planned === undefined) throw new Error(`${what.case} cannot be explored in parts`);
    this.planned = planned;
    this.sums = new Sums(planned, this.limits);
    if (saved !== undefined) this.sums.add(saved.tally);
    this.trunk = new Trunk(this.sums.whole.footprints, saved?.trunk);
  }

  /** How many runs were made. */
  get runs(): number {
    return this.sums.runs;
  }

  /** How many there will be, as far as can be told. */
  get estimate(): Estimate {
    return estimate(this.trunk.save(), this.runs);
  }

  next(): Work | undefined {
    return this.trunk.next();
  }

  /** A part came back, or, if it has frames, is to go on; it is divided if somebody has nothing to do. */
  came(work: Work, { tally, above, frames }: Came, divide: boolean): void {
    this.sums.add(tally);
    this.trunk.came(work, above, frames, divide);
  }

  /** The verdict, once it is known. */
  get verdict(): Verdict | undefined {
    const { runs } = this.limits;
    if (this.sums.runs > runs) return this.concluded({ why: "limit", what: `after ${runs} runs there were more` });
    return this.trunk.isDone ? this.concluded() : undefined;
  }

  save(): SavedParts {
    return { trunk: this.trunk.save(), tally: this.sums.tally() };
  }

  private get limits() {
    return limitsOf(this.what, this.options);
  }

  private concluded(stopped?: { readonly why: "limit"; readonly what: string }): Verdict {
    const { digest, ...explored } = this.sums.explored(stopped);
    return verdictOf(this.what, this.planned, { ...explored, digest: this.options.digest === true ? digest : undefined }, undefined);
  }
}

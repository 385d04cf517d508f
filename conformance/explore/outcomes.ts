import type { Value } from "../../spec/generated/types";
import type { State } from "../case/pattern";
import type { OutcomeClaim, PlannedOutcome } from "../plan/claims";
import { seenOutcomes, type Plan } from "../plan/plan";

/** What each thread's calls returned; `blocked` for one that did not. */
export type Returns = ReadonlyMap<string, readonly Value[]>;

/** What a race came to, held against what the case lists. */
export class Outcomes {
  readonly claim: OutcomeClaim | undefined;
  /** What must be read to tell outcomes apart. */
  readonly reads: readonly string[];
  /** The listed outcomes that some run came to. */
  readonly reached = new Set<PlannedOutcome>();
  private readonly permitted: readonly PlannedOutcome[];

  constructor(plan: Plan) {
    this.claim = seenOutcomes(plan);
    const { listed = [], permitted = [] } = this.claim ?? {};
    // What a kernel may answer besides is no excuse for a model.
    this.permitted = plan.model ? [] : permitted;
    this.reads = [...new Set([...listed, ...permitted].flatMap(({ reads }) => reads.flatMap((each) => each.reads)))];
  }

  /** Whether the end of a run is listed, or may be besides; reads that are `hidden` are not looked at. */
  match(returns: Returns, state: State, hidden: ReadonlySet<string> = new Set()): "listed" | "permitted" | "unlisted" {
    const fits = (outcome: PlannedOutcome): boolean => returned(outcome, returns) && shows(outcome, state, hidden);
    const listed = this.claim?.listed.filter(fits) ?? [];
    for (const outcome of listed) this.reached.add(outcome);
    if (listed.length > 0 || this.claim === undefined) return "listed";
    return this.permitted.some(fits) ? "permitted" : "unlisted";
  }

  /** The end of a run as a sentence. */
  inWords(returns: Returns, state: State): string {
    const said = [...returns].map(([thread, all]) => `${thread} returned ${all.length === 0 ? "nothing" : all.join(", ")}`);
    const shown = this.reads.filter((read) => state.now(read) !== undefined).map((read) => `${read} is ${String(state.now(read))}`);
    return [...said, ...shown].join("; ");
  }
}

function returned(outcome: PlannedOutcome, returns: Returns): boolean {
  return [...outcome.returns].every(([thread, tests]) => {
    const all = returns.get(thread) ?? [];
    return all.length === tests.length && tests.every((test, i) => test(all[i] ?? "nothing", undefined, () => undefined));
  });
}

function shows({ reads }: PlannedOutcome, state: State, hidden: ReadonlySet<string>): boolean {
  return reads.every((each) => each.reads.some((read) => hidden.has(read)) || each.at("").holds(state));
}

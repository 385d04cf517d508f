/** Which runs `kvm-conform run` makes, as its options say. */
import { nearest } from "../case/names";
import { bounded } from "../explore/bounded";
import { naive } from "../explore/naive";
import { optimal } from "../explore/optimal";
import { pct } from "../explore/pct";
import { random } from "../explore/random";
import { sleepSets } from "../explore/sleep-sets";
import { states } from "../explore/states";
import { LIMITS, type Judging } from "../verdict/judge";
import { UsageError } from "./usage";

/** The options that say how hard to try. */
export interface Trying {
  readonly strategy?: string;
  /** Of `bounded` how many preemptions, of `pct` how many changes of priority. */
  readonly bound?: number;
  /** Of `pct` and `random` how many runs; of all others how many at most. */
  readonly runs?: number;
  readonly seed?: number;
}

type Make = NonNullable<Judging["strategy"]>;

/** What `--strategy` takes. */
const STRATEGIES = ["optimal", "sleep-sets", "naive", "states", "bounded", "pct", "random"] as const;

function isStrategy(name: string): name is (typeof STRATEGIES)[number] {
  return STRATEGIES.some((each) => each === name);
}

/** How many random runs are made of each case, if nobody says. */
const RANDOM_RUNS = 1000;
/** Most races that anybody wrote down take one or two preemptions. */
const BOUND = 2;

/** How to judge by these options. Throws UsageError, with a way forward, for those that do not go together. */
export function triedBy({ strategy, bound, runs, seed = 1 }: Trying): Pick<Judging, "strategy" | "limits"> {
  if (bound !== undefined && strategy !== "bounded" && strategy !== "pct")
    throw new UsageError("--bound is for --strategy bounded and --strategy pct; no other has a bound");
  const limits = runs === undefined ? {} : { limits: { ...LIMITS, runs } };
  if (strategy === undefined) return limits;
  if (isStrategy(strategy)) return { strategy: maker(strategy, bound ?? BOUND, runs ?? RANDOM_RUNS, seed), ...limits };
  const near = nearest(strategy, STRATEGIES);
  const hint = near === undefined ? `there are ${STRATEGIES.join(", ")}` : `did you mean ${near}?`;
  throw new UsageError(`there is no strategy ${strategy}; ${hint}`);
}

function maker(name: (typeof STRATEGIES)[number], bound: number, runs: number, seed: number): Make {
  switch (name) {
    case "optimal":
      return optimal;
    case "sleep-sets":
      return sleepSets;
    case "naive":
      return naive;
    case "states":
      return states;
    case "bounded":
      return () => bounded(bound);
    case "pct":
      return () => pct(runs, bound, seed);
    case "random":
      return () => random(runs, seed);
  }
}

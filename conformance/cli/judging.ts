/** How `kvm-conform run` judges every case, as its options say: plain data, which every thread makes the same of. */
import { RACE, type Judging } from "../verdict/judge";
import { triedBy, type Trying } from "./strategies";

/** How many runs may be made to shorten one failure. */
const SHORTEN = 300;

/** The options that make a difference to a verdict. */
export interface Asking extends Trying {
  readonly as?: string;
  /** In how many worlds threads race on real CPUs; their delays come from the seed. */
  readonly worlds?: number;
  /** Sum up the traces of each case. */
  readonly digest?: boolean;
}

/** The options that make a difference to a verdict, out of all. */
export function askingOf({ as, worlds, digest, seed, strategy, bound, runs }: Asking): Asking {
  return Object.fromEntries(Object.entries({ as, worlds, digest, seed, strategy, bound, runs }).filter(([, value]) => value !== undefined));
}

/** How to judge every case. Throws UsageError for options that do not go together. */
export function judgingOf(asking: Asking): Judging {
  const { as, worlds = RACE.worlds, seed = RACE.seed, digest = false } = asking;
  return { ...(as !== undefined && { as }), digest, ...triedBy(asking), race: { worlds, seed }, shorten: SHORTEN };
}

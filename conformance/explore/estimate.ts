/**
 * How many traces an exploration will have made, by where it stands. As in Knuth's estimate of a search
 * tree (1975), every branch that is known from a prefix counts alike: so much of the whole is explored as
 * the branches before the one under way, and of that one in turn. Wakeup trees grow while they are explored,
 * so early on this says too much. docs/explorer.md says how often it was right.
 */
import type { SavedPart } from "./parallel/trunk";
import type { Frame, ToldBranch } from "./parallel/told";

/** What is known of an exploration under way. */
export interface Estimate {
  /** There are so many traces at least: those that were made, and one for each end of a wakeup tree. */
  readonly least: number;
  /** There are hardly more; undefined as long as nobody can tell. */
  readonly most: number | undefined;
  /** How much of it seems to be explored, from 0 to 1. */
  readonly share: number;
  /** How many steps it has taken where it goes on. */
  readonly depth: number;
}

/** What there is from one prefix on. */
interface Standing {
  readonly share: number;
  readonly planned: number;
  readonly depth: number;
}

/** From which share on an upper bound is ventured, and how many times what the share alone says it is. */
const [ENOUGH, MARGIN] = [1 / 2, 2];

/** Estimates an exploration that has made so many traces. */
export function estimate(part: SavedPart, traces: number): Estimate {
  const { share, planned, depth } = partAt(part);
  const least = traces + planned;
  const most = share < ENOUGH ? undefined : Math.max(least, Math.round((MARGIN * traces) / share));
  return { least, most, share, depth };
}

function partAt({ isDone, frames, divided }: SavedPart): Standing {
  if (isDone) return { share: 1, planned: 0, depth: 0 };
  if (divided !== undefined) return frameAt(divided.frame, divided.parts.map(partAt));
  return frames.reduceRight<Standing>((below, frame) => frameAt(frame, frame.taken === undefined ? [] : [below]), BEGUN);
}

/** What nobody has explored anything of is one trace at least. */
const BEGUN: Standing = { share: 0, planned: 1, depth: 0 };

/** A prefix, and what is under way from there. */
function frameAt({ explored, rest }: Frame, underWay: readonly Standing[]): Standing {
  const branches = explored.length + underWay.length + rest.length;
  if (branches === 0) return BEGUN;
  return {
    share: underWay.reduce((sum, each) => sum + each.share, explored.length) / branches,
    planned: underWay.reduce((sum, each) => sum + each.planned, ends(rest)),
    depth: Math.max(0, ...underWay.map((each) => each.depth + 1)),
  };
}

/** How many ends these branches have. */
function ends(branches: readonly ToldBranch[]): number {
  return branches.reduce((sum, { then }) => sum + (then.length === 0 ? 1 : ends(then)), 0);
}

import type { Value } from "../../spec/generated/types";
import type { Transition } from "./footprint";
import type { Lane } from "./lane";

/** One step of a run as a report shows it. */
export interface Row {
  readonly n: number;
  readonly thread: string;
  /** The operations that the step is in, outermost first, if the implementation tells. */
  readonly path: readonly string[];
  readonly kind: string;
  readonly objects: readonly string[];
  readonly event: string | undefined;
  /** What of the claims' reads the step changed, and what its call returned. */
  readonly note: string;
}

/** The n-th step of a run, just taken on this path; `changed` are the reads that show something else since. */
export function rowOf(n: number, lane: Lane, { does }: Transition, path: readonly string[], changed: readonly [string, Value][]): Row {
  const changes = changed.map(([read, value]) => `${read} = ${JSON.stringify(value)}`);
  const returns = lane.back ? [`${lane.call?.do ?? lane.name} returns ${shown(lane.returned)}`] : [];
  const { kind, objects, event } = does;
  const known = path.length > 0 ? path : [lane.call?.do ?? lane.name];
  return { n, thread: lane.name, path: known, kind, objects, event, note: [...changes, ...returns].join("; ") };
}

/** What a call returned, as text. */
export function shown(returned: Value | undefined): string {
  return returned === undefined ? "nothing" : JSON.stringify(returned);
}

/**
 * The order of locks over a whole log: which class was taken inside which, and in which cases. A cycle
 * is a deadlock that may come, although each case holds: two paths that no case brings together take
 * the same locks the other way round.
 */
import { FORBIDDEN, LOCKS } from "../spec/generated/locks";
import type { Nesting, RuleId } from "../spec/generated/types";
import type { Judged } from "../conformance/report/events";

/** One class taken inside another, and the cases in which that came about. */
export interface Edge {
  readonly outer: string;
  readonly inner: string;
  readonly cases: readonly string[];
}

/** Edges of which each begins where the one before it ends, and the first where the last ends. */
export type Cycle = readonly [Edge, ...Edge[]];

export interface LockGraph {
  readonly classes: readonly string[];
  readonly edges: readonly Edge[];
  /** For each edge that leads back to where it came from, the shortest way; the same way once. None that a case has shown. */
  readonly cycles: readonly Cycle[];
  /** The edges that spec/locks.yaml forbids, with the rule that each breaks. None that a case has shown. */
  readonly forbidden: readonly { readonly edge: Edge; readonly rule: RuleId }[];
  /** In how many cases locks were told of. */
  readonly cases: number;
}

/** The rule that a cycle breaks. */
export const NO_CYCLE: RuleId = "lock.order.no-cycle";

/** What verdicts tell of, as far as the order of locks goes. */
type Told = Pick<Judged, "case" | "nested" | "failure">;

export function lockGraph(verdicts: readonly Told[]): LockGraph {
  const cases = new Map<string, { outer: string; inner: string; cases: string[] }>();
  for (const { case: id, nested } of verdicts)
    for (const { outer, inner } of nested) {
      const edge = cases.get(`${outer} ${inner}`);
      if (edge === undefined) cases.set(`${outer} ${inner}`, { outer, inner, cases: [id] });
      else edge.cases.push(id);
    }
  const edges = [...cases.values()].sort((a, b) => a.outer.localeCompare(b.outer) || a.inner.localeCompare(b.inner));
  return {
    classes: [...new Set(edges.flatMap(({ outer, inner }) => [outer, inner]))].sort(),
    edges,
    cycles: cyclesOf(edges).filter((cycle) => !isShown(NO_CYCLE, cycle, verdicts)),
    forbidden: edges.flatMap((edge) => {
      const rule = FORBIDDEN.get(`${edge.outer} ${isSrcu(edge.inner) ? "synchronize" : edge.inner}`);
      return rule === undefined || isShown(rule, [edge], verdicts) ? [] : [{ edge, rule }];
    }),
    cases: verdicts.filter(({ nested }) => nested.length > 0).length,
  };
}

/** Whether the inner class was waited for: its readers, or its callbacks. */
export function waitsFor({ inner }: Nesting): boolean {
  return inner === "notifier" || isSrcu(inner);
}

function isSrcu(name: string): boolean {
  return (LOCKS as Readonly<Record<string, string>>)[name] === "srcu";
}

/** Whether a case in which all these edges came about has failed for it: then it has its report. */
function isShown(rule: RuleId, edges: readonly Edge[], verdicts: readonly Told[]): boolean {
  return verdicts.some(
    ({ case: id, failure }) =>
      edges.every((edge) => edge.cases.includes(id)) && failure?.violations.some((violation) => violation.rule === rule) === true,
  );
}

function cyclesOf(edges: readonly Edge[]): Cycle[] {
  const found = new Map<string, Cycle>();
  for (const edge of edges) {
    const back = shortestWay(edge.inner, edge.outer, edges);
    if (back === undefined) continue;
    const cycle: Cycle = [edge, ...back];
    const key = cycle
      .map(({ outer }) => outer)
      .sort()
      .join(" ");
    if (!found.has(key)) found.set(key, cycle);
  }
  return [...found.values()];
}

/** Breadth first, so that nothing shorter is left out. */
function shortestWay(from: string, to: string, edges: readonly Edge[]): Edge[] | undefined {
  const ways: { readonly at: string; readonly by: Edge[] }[] = [{ at: from, by: [] }];
  const met = new Set([from]);
  for (const { at, by } of ways) {
    if (at === to) return by;
    for (const edge of edges) {
      if (edge.outer !== at || met.has(edge.inner)) continue;
      met.add(edge.inner);
      ways.push({ at: edge.inner, by: [...by, edge] });
    }
  }
  return undefined;
}

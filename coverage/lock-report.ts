/** The order of locks for a reader: a table of what nests in what, and each cycle with both of its sides. */
import pc from "picocolors";
import { NO_CYCLE, waitsFor, type Cycle, type Edge, type LockGraph } from "./lock-graph";

/** The graph of one log, and how its column is headed. */
export interface Recorded {
  readonly of: string;
  readonly graph: LockGraph;
}

/** A line for each nesting that any log tells of: in how many cases of each, and the first of them. */
export function lockTable(all: readonly Recorded[]): string[] {
  const pairs = new Map(all.flatMap(({ graph }) => graph.edges.map((edge) => [`${edge.outer} ${edge.inner}`, edge] as const)));
  const rows = [...pairs]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([pair, edge]) => {
      const told = all.map(({ graph }) => graph.edges.find((each) => `${each.outer} ${each.inner}` === pair)?.cases ?? []);
      return [
        edge.outer,
        innerInWords(edge),
        ...told.map((cases) => (cases.length === 0 ? "-" : String(cases.length))),
        told.flat()[0] ?? "",
      ];
    });
  const head = ["lock", "inside it", ...all.map(({ of }) => `cases on ${of}`), "the first"];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [pc.bold(line(head)), ...rows.map(line), "", ...all.map(({ of, graph }) => `${of}: ${summary(graph)}`)];
}

/** What a graph comes to, in one line. */
export function summary({ classes, edges, cycles, forbidden, cases }: LockGraph): string {
  const count = (n: number, what: string): string => `${n === 0 ? "no" : n} ${what}${n > 1 ? "s" : ""}`;
  const found = `${count(forbidden.length, "forbidden pair")}, ${count(cycles.length, "cycle")}`;
  return `${count(edges.length, "nesting")} of ${count(classes.length, "lock")}, told of by ${count(cases, "case")}: ${found}`;
}

/** Each forbidden pair and each cycle with the cases in which it came about, and the call paths that are known. */
export function wrongOrder({ cycles, forbidden }: LockGraph, chainOf: (edge: Edge) => string | undefined): string[] {
  const sides = (edges: readonly Edge[]): string[] =>
    edges.flatMap((edge) => {
      const chain = chainOf(edge);
      return [
        `        ${edge.outer}, then ${innerInWords(edge)}, in ${some(edge.cases)}`,
        ...(chain === undefined ? [] : [`          ${chain}`]),
      ];
    });
  return [
    ...forbidden.flatMap(({ edge, rule }) => ["", `${broken("a forbidden pair of locks")}   rule ${rule}`, ...sides([edge])]),
    ...cycles.flatMap((cycle) => [
      "",
      `${broken("the order of locks over all cases")}   rule ${NO_CYCLE}`,
      ...inWords(cycle),
      ...sides(cycle),
    ]),
  ];
}

function broken(what: string): string {
  return `${pc.red(pc.bold("broken"))}  ${pc.bold(what)}`;
}

function inWords(cycle: Cycle): string[] {
  const classes = [...cycle.map(({ outer }) => outer), cycle[0].outer];
  return [`        ${pc.red(`a cycle: ${classes.join(" > ")}; no run of any case has to deadlock for that`)}`];
}

function innerInWords(edge: Edge): string {
  return waitsFor(edge) ? `waits for ${edge.inner}` : edge.inner;
}

function some(cases: readonly string[]): string {
  return `${cases.slice(0, 2).join(", ")}${cases.length > 2 ? ` and ${cases.length - 2} more` : ""}`;
}

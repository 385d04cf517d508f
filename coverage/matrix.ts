/** Several implementations side by side: how each rule stands on each of them. */
import pc from "picocolors";
import type { Log } from "../conformance/report/events";
import { standingOf, type Standing } from "./standings";

interface Sign {
  readonly sign: string;
  readonly about: string;
  readonly colour: (text: string) => string;
}

const SIGNS: Readonly<Record<Standing, Sign>> = {
  held: { sign: "+", about: "held", colour: pc.green },
  broken: { sign: "X", about: "broken", colour: pc.red },
  crashed: { sign: "!", about: "crashed or unfinished", colour: pc.red },
  differs: { sign: "d", about: "differs, as the ledger says", colour: pc.yellow },
  older: { sign: "v", about: "broken, as its version says", colour: pc.yellow },
  unseen: { sign: "?", about: "cannot be shown", colour: pc.yellow },
  unclaimed: { sign: ".", about: "not claimed", colour: pc.dim },
  "not asked": { sign: " ", about: "", colour: pc.dim },
};

const COLUMN = 5;

interface Row {
  readonly name: string;
  readonly standings: readonly Standing[];
}

/** The matrix as lines: rules by adapters, what all hold in one row an area, then the totals and the legend. */
export function matrix(logs: readonly Log[]): string[] {
  const rules = new Set(logs.flatMap(({ verdicts }) => verdicts.flatMap((verdict) => verdict.rules)));
  const all = [...rules].sort().map((name): Row => ({ name, standings: logs.map((log) => standingOf(name, log)) }));
  const areas = [...new Set(all.map(areaOf))];
  const rows = areas.flatMap((area) =>
    together(
      area,
      all.filter((row) => areaOf(row) === area),
    ),
  );
  const width = Math.max(...rows.map(({ name }) => name.length), 20);
  const line = (name: string, cells: readonly string[]): string => `${name.padEnd(width)}${cells.join("")}`.trimEnd();
  const totals = logs.map((_, i) => all.filter(({ standings }) => standings[i] === "held").length);
  const used = (Object.keys(SIGNS) as Standing[]).filter(
    (standing) => SIGNS[standing].about !== "" && all.some(({ standings }) => standings.includes(standing)),
  );
  return [
    "",
    pc.bold(
      line(
        `${all.length} rules`,
        logs.map((_, i) => String(i + 1).padStart(COLUMN)),
      ),
    ),
    ...rows.map(({ name, standings }) => line(name, standings.map(cell))),
    line(
      "held",
      totals.map((total) => String(total).padStart(COLUMN)),
    ),
    "",
    ...logs.map(({ header }, i) => `${String(i + 1).padStart(COLUMN)} = ${header.adapter}`),
    ...used.map((standing) => `${cell(standing)} = ${SIGNS[standing].about}`),
  ];
}

function areaOf({ name }: Row): string {
  return name.slice(0, name.indexOf("."));
}

function cell(standing: Standing): string {
  const { sign, colour } = SIGNS[standing];
  // Colour around nothing could not be trimmed from the end of a line.
  return sign.trim() === "" ? " ".repeat(COLUMN) : " ".repeat(COLUMN - 1) + colour(sign);
}

/** The rows of one area: one if all stand alike, and else one for those that all hold and one for each other. */
function together(area: string, rows: readonly Row[]): readonly Row[] {
  const alike = rows.every(({ standings }) => standings.join() === rows[0]?.standings.join());
  const whole = rows.filter(({ standings }) => alike || standings.every((standing) => standing === "held"));
  const [first] = whole;
  if (first === undefined || whole.length === 1) return rows;
  const name = `${area}.* (${alike ? "all" : "other"} ${whole.length})`;
  return [...rows.filter((row) => !whole.includes(row)), { name, standings: first.standings }];
}

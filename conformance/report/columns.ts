/** A run as columns: one for each thread, so that an interleaving can be read downwards. */
import type { Failure } from "../verdict/verdict";

type Row = Failure["trace"][number];

/** Of a run with more steps that matter, the first and the last of them are shown. */
const [FIRST, LAST] = [20, 60];

/** No column is wider: what does not fit is cut, and the note on the right stays in view. */
const WIDEST = 52;

/**
 * The steps of a run that matter, as lines, up to the last thing that is broken. A step is left out if
 * nothing of what it touches is touched by another thread and it changed nothing that a claim sees;
 * its number shows the gap.
 */
export function columns({ threads, trace, violations }: Pick<Failure, "threads" | "trace" | "violations">): string[] {
  const broken = violations[0].step;
  const end = Math.max(...violations.map(({ step }) => step));
  const run = trace.filter(({ n }) => n <= end);
  const shared = objectsOfSeveralThreads(run);
  const matters = ({ n, note, objects }: Row): boolean => note !== "" || n === broken || objects.some((object) => shared.has(object));
  const rows = run.filter(matters);
  const widths = threads.map((thread) => {
    const texts = rows.filter((row) => row.thread === thread).map((row) => stepText(row).length);
    return Math.min(WIDEST, Math.max(thread.length, ...texts, 12)) + 2;
  });
  const head = `     ${threads.map((thread, i) => pad(thread, widths[i] ?? 0)).join("  ")}`;
  const lines = rows.map((row) => line(row, threads, widths));
  const folded = lines.length - FIRST - LAST;
  if (folded > 0) lines.splice(FIRST, folded, `     ... ${folded} steps like these ...`);
  return [head.trimEnd(), ...lines];
}

function line(row: Row, threads: readonly string[], widths: readonly number[]): string {
  const cells = threads.map((thread, i) => pad(thread === row.thread ? stepText(row) : "", (widths[i] ?? 0) - 1));
  const note = row.note === "" ? "" : `  <- ${row.note}`;
  return `${String(row.n).padStart(4)} ${cells.map((cell) => `| ${cell}`).join(" ")}${note}`.trimEnd();
}

/** The operation that the step is in, and what it does to what. */
function stepText({ path, kind, objects }: Row): string {
  const touched = objects.length > 2 ? `${objects[0] ?? ""} and ${objects.length - 1} more` : objects.join(", ");
  const operation = path.at(-1);
  return `${operation === undefined ? "" : `${operation} · `}${kind.replaceAll("_", " ")} ${touched}`;
}

function objectsOfSeveralThreads(trace: readonly Row[]): ReadonlySet<string> {
  const users = new Map<string, string>();
  const shared = new Set<string>();
  for (const { thread, objects } of trace)
    for (const object of objects) {
      const first = users.get(object) ?? thread;
      users.set(object, first);
      if (first !== thread) shared.add(object);
    }
  return shared;
}

function pad(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

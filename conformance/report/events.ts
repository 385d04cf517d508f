/**
 * The event log: what every other report is made from. One JSON object a line: a header, a line for
 * each verdict as it falls, and a footer with the counts. A log without its footer was cut short,
 * and is seen as such.
 */
import type { HelloReply } from "../../spec/generated/types";
import type { Verdict } from "../verdict/verdict";

/** Who was asked, and what. */
export interface Header {
  readonly type: "header";
  readonly format: 1;
  readonly runner: string;
  /** How the adapter was named on the command line. */
  readonly adapter: string;
  readonly hello: Pick<HelloReply, "name" | "version" | "kind" | "control" | "kernel" | "traits" | "limits" | "absent">;
  /** How many cases were selected. */
  readonly selected: number;
}

/** One verdict; `seconds` is how long it took. */
export interface Judged extends Verdict {
  readonly type: "verdict";
  readonly seconds: number;
}

/** How many cases came to each verdict. */
export type Counts = Partial<Record<Verdict["verdict"], number>>;

export interface Footer {
  readonly type: "footer";
  readonly counts: Counts;
  /** How many of the broken are so as the version or the ledger says. */
  readonly expected: number;
  /** What was expected of a real kernel, by the ledger or by its version, and is not so. */
  readonly stale: readonly string[];
  readonly runs: number;
  readonly steps: number;
  readonly seconds: number;
  /** Stopped by the user before the end. */
  readonly interrupted: boolean;
}

export type Entry = Header | Judged | Footer;

/** A log as read back. */
export interface Log {
  readonly header: Header;
  readonly verdicts: readonly Judged[];
  /** Missing if the log was cut short. */
  readonly footer: Footer | undefined;
}

export function countVerdicts(verdicts: readonly Verdict[]): Counts {
  const counts: Counts = {};
  for (const { verdict } of verdicts) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

/** The footer of a log with these verdicts. */
export function footerOf(verdicts: readonly Judged[], seconds: number, interrupted: boolean, stale: readonly string[] = []): Footer {
  const sum = (of: (verdict: Judged) => number): number => verdicts.reduce((total, verdict) => total + of(verdict), 0);
  return {
    type: "footer",
    counts: countVerdicts(verdicts),
    expected: verdicts.filter(({ expected }) => expected).length,
    stale,
    runs: sum(({ how }) => (how?.runs ?? 0) + (how?.redundant ?? 0) + (how?.race?.worlds ?? 0)),
    steps: sum(({ how }) => how?.steps ?? 0),
    seconds,
    interrupted,
  };
}

/** One line of the log. */
export function entryLine(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`;
}

/** Reads a log back. Throws, with the line, where it is no log; a cut-short last line is left out. */
export function readLog(text: string, name: string): Log {
  const lines = text.split("\n");
  const entries: Entry[] = [];
  lines.forEach((line, i) => {
    if (line === "") return;
    try {
      entries.push(JSON.parse(line) as Entry);
    } catch {
      if (i < lines.length - 1) throw new Error(`${name}:${i + 1}: this line is not JSON; the log was damaged`);
    }
  });
  const [header] = entries;
  if (header?.type !== "header") throw new Error(`${name}:1: an event log begins with its header; is this a log of \`kvm-conform run\`?`);
  const footer = entries.at(-1);
  return {
    header,
    verdicts: entries.filter((entry) => entry.type === "verdict"),
    footer: footer?.type === "footer" ? footer : undefined,
  };
}

/** How far a command is, on stderr while it lasts: one line rewritten in place on a terminal, a line now and then elsewhere. */
import type { Estimate } from "../explore/estimate";
import { count } from "./effort";

/** How far the work is. */
export interface Standing {
  readonly judged: number;
  readonly of: number;
  /** All that were made so far, as far as is known. */
  readonly runs: number;
  /** What is under way; of what cannot be paused, only its name is known. */
  readonly current?: { readonly name: string; readonly traces?: number; readonly estimate?: Estimate };
}

/** Where it is shown. */
export interface Screen {
  /** Whether a line can be rewritten in place. */
  readonly isTerminal: boolean;
  /** How many characters a line has. */
  columns(): number;
  write(text: string): void;
}

/** A stream as a screen. One that says that it understands little, or that nobody looks at, is no terminal. */
export function screenOn(stream: NodeJS.WriteStream, { TERM, CI }: NodeJS.ProcessEnv = process.env): Screen {
  const isTerminal = stream.isTTY && TERM !== "dumb" && (CI === undefined || CI === "");
  return { isTerminal, columns: () => (stream.columns > 0 ? stream.columns : 80), write: (text) => void stream.write(text) };
}

/** How often, in milliseconds; what is over before says nothing. */
const EVERY = { terminal: 1000, elsewhere: 20_000 } as const;
/** On a terminal the first line waits a little longer. */
const FIRST_MS = 2000;

const WIDTH = 10;
const ERASE = "\r\u001b[K";

/** What is shown of a command while it lasts. */
export class Progress {
  private readonly started: number;
  private readonly every: number;
  private next: number;
  private before: { readonly at: number; readonly runs: number } | undefined;
  private isShown = false;

  /** `now` is a clock in milliseconds. */
  constructor(
    private readonly screen: Screen,
    private readonly now: () => number,
  ) {
    this.started = now();
    this.every = screen.isTerminal ? EVERY.terminal : EVERY.elsewhere;
    this.next = this.started + Math.max(FIRST_MS, this.every);
  }

  /** Shows how far the work is, if it is time to; then everybody is asked to say anew where they stand. */
  glance(standing: () => Standing, pauseAll: () => void): void {
    const at = this.now();
    if (at < this.next) return;
    this.next = at + this.every;
    this.show(standing(), at);
    pauseAll();
  }

  /** Takes away what stands on the line, for something else to be written there. */
  clear(): void {
    if (this.isShown) this.screen.write(ERASE);
    this.isShown = false;
  }

  private show(standing: Standing, at: number): void {
    const { screen, before } = this;
    const rate = before === undefined ? 0 : Math.round((standing.runs - before.runs) / ((at - before.at) / 1000));
    this.before = { at, runs: standing.runs };
    const text = inWords(standing, (at - this.started) / 1000, rate);
    if (!screen.isTerminal) return screen.write(`${text}\n`);
    screen.write(`${ERASE}${`${bar(standing)} ${text}`.slice(0, screen.columns() - 1)}`);
    this.isShown = true;
  }
}

function bar({ judged, of, current }: Standing): string {
  const done = Math.floor((WIDTH * (judged + (current?.estimate?.share ?? 0))) / of);
  return `[${"#".repeat(done)}${"-".repeat(WIDTH - done)}]`;
}

function inWords({ judged, of, current }: Standing, seconds: number, rate: number): string {
  const all = `${judged} of ${count(of, "case")}, ${seconds.toFixed(0)} s`;
  if (current === undefined) return all;
  const { name, traces, estimate } = current;
  if (traces === undefined || estimate === undefined) return `${all}; ${name}`;
  const speed = rate > 0 ? `, ${rate.toLocaleString("en-US")}/s` : "";
  return `${all}; ${count(traces, "trace")} of ${size(estimate)}${speed}, depth ${estimate.depth}; ${name}`;
}

/** How many there will be: no more digits than are known. */
function size({ least, most }: Estimate): string {
  const known = least.toLocaleString("en-US");
  return most === undefined ? `at least ${known}` : `${known} to ${most.toLocaleString("en-US", { maximumSignificantDigits: 2 })}`;
}

/** `kvm-conform run`: judges the selected cases on each adapter and writes the reports. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { Crashed, Overdue } from "../adapter/door";
import { matrix } from "../../coverage/matrix";
import type { HelloReply } from "../../spec/generated/types";
import { packageVersion } from "../case/root";
import type { FiledCase, Spec } from "../case/spec";
import { entryLine, footerOf, type Entry, type Header, type Judged, type Log } from "../report/events";
import { junit } from "../report/junit";
import { failureLines, headerLines, summaryLines, verdictLines } from "../report/terminal";
import { RACE, type Judging } from "../verdict/judge";
import { staleExpectations } from "../verdict/stale";
import { openBench, type Bench } from "./bench";
import { kvmOptions } from "./kvm";
import { folderOf, LOG } from "./logs";
import { select, type Selection } from "./selection";
import { Interrupted, type Stopper } from "./stop";
import { triedBy, type Trying } from "./strategies";
import { EXIT, UsageError } from "./usage";

export interface RunOptions extends Selection, Trying {
  readonly adapter: readonly string[];
  /** Where results.ndjson and junit.xml go. */
  readonly out?: string;
  /** Where they go without `out`: the reference's there, those of KVM into a folder of their own; others are not written. */
  readonly home?: string;
  readonly as?: string;
  readonly failFast?: boolean;
  /** Multiplies every deadline of an adapter that is a process. */
  readonly timeoutMultiplier?: number;
  /** In how many worlds threads race on real CPUs; their delays come from the seed. */
  readonly worlds?: number;
}

/** Prints one line. */
export type Print = (line: string) => void;

/** Judges on every adapter in turn; the exit code is the gravest. */
export async function run(spec: Spec, options: RunOptions, print: Print, stopper: Stopper): Promise<number> {
  const cases = select(spec, options);
  const judging = judgingOf(options);
  const codes: number[] = [];
  const logs: Log[] = [];
  for (const adapter of options.adapter) {
    try {
      const { code, log } = await runOne(spec, cases, adapter, options, judging, print, stopper);
      codes.push(code);
      logs.push(log);
    } catch (error) {
      // One that cannot be reached takes nothing from the others.
      if (options.adapter.length === 1 || !(error instanceof Crashed || error instanceof Overdue)) throw error;
      print(`${pc.red("error:")} the adapter ${adapter}: ${error.message}`);
      codes.push(EXIT.adapter);
    }
    if (stopper.stopped) break;
  }
  if (logs.length > 1) matrix(logs).forEach(print);
  return gravest(codes);
}

async function runOne(
  spec: Spec,
  cases: readonly FiledCase[],
  adapter: string,
  options: RunOptions,
  judging: Judging,
  print: Print,
  stopper: Stopper,
): Promise<{ code: number; log: Log }> {
  const bench = await openBench(adapter, spec, stopper, options.timeoutMultiplier);
  try {
    const started = performance.now();
    const out = folderFor(adapter, options);
    const header = headerOf(adapter, bench.hello, cases.length);
    const write = logFile(out);
    write(header);
    headerLines(header).forEach(print);
    const width = Math.max(...cases.map((each) => each.case.length));
    const verdicts: Judged[] = [];
    for (const each of cases) {
      const verdict = await judged(bench, each, judging);
      if (verdict === undefined) break;
      verdicts.push(verdict);
      write(verdict);
      verdictLines(verdict, width).forEach(print);
      if (options.failFast === true && verdict.verdict === "broken" && !verdict.expected) break;
    }
    const stale = options.as === undefined ? staleExpectations(spec, bench.hello, verdicts) : [];
    const footer = footerOf(verdicts, (performance.now() - started) / 1000, stopper.stopped, stale);
    const log = { header, verdicts, footer };
    write(footer);
    if (out !== undefined) writeFileSync(join(out, "junit.xml"), junit(log, spec));
    failureLines(verdicts, spec, adapter).forEach(print);
    summaryLines(adapter, footer, cases.length).forEach(print);
    if (out !== undefined) print(`log and JUnit: ${out}`);
    const code = stopper.stopped ? EXIT.interrupted : bench.died() > 0 ? EXIT.adapter : exitCode(log);
    return { code, log };
  } finally {
    await bench.end();
  }
}

/** Where an adapter's reports go, if anywhere. */
function folderFor(adapter: string, { out, home, adapter: all }: RunOptions): string | undefined {
  if (out !== undefined) return all.length > 1 ? join(out, folderOf(adapter)) : out;
  if (home === undefined) return undefined;
  if (adapter === "reference") return home;
  return kvmOptions(adapter) === undefined ? undefined : join(home, folderOf(adapter));
}

function headerOf(adapter: string, hello: HelloReply, selected: number): Header {
  const { name, version, kind, control, kernel, traits, limits, absent } = hello;
  const told = { ...(kernel !== undefined && { kernel }), ...(traits && { traits }), ...(absent && { absent }) };
  const said = { name, version, kind, control, limits, ...told };
  return { type: "header", format: 1, runner: `kvm-conform ${packageVersion()}`, adapter, hello: said, selected };
}

/** How to judge every case. Throws UsageError for options that do not go together. */
function judgingOf(options: RunOptions): Judging {
  const { as, worlds = RACE.worlds, seed = RACE.seed } = options;
  return { ...(as !== undefined && { as }), ...triedBy(options), race: { worlds, seed } };
}

/** One verdict with the time it took; undefined if the user stopped it. */
async function judged(bench: Bench, what: FiledCase, options: Judging): Promise<Judged | undefined> {
  const started = performance.now();
  try {
    const verdict = await bench.judge(what, options);
    return { type: "verdict", ...verdict, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (error instanceof Interrupted) return undefined;
    throw error;
  }
}

/** What a model does not show is a failure: cases promise it. Elsewhere it is only not shown. */
function exitCode({ header: { hello, selected }, verdicts, footer }: Log): number {
  const some = (verdict: Judged["verdict"]): boolean => verdicts.some((each) => each.verdict === verdict && !each.expected);
  const notShown = hello.kind === "model" && verdicts.some(({ findings }) => findings.length > 0);
  if (some("crashed")) return EXIT.adapter;
  if (some("broken") || notShown || footer?.stale.length !== 0) return EXIT.broken;
  if (some("unfinished") || selected === 0 || verdicts.length < selected) return EXIT.incomplete;
  return EXIT.ok;
}

const GRAVITY: readonly number[] = [EXIT.ok, EXIT.incomplete, EXIT.broken, EXIT.adapter, EXIT.usage, EXIT.interrupted];

function gravest(codes: readonly number[]): number {
  return GRAVITY[Math.max(0, ...codes.map((code) => GRAVITY.indexOf(code)))] ?? EXIT.adapter;
}

/** The log on disk, line by line as it happens: what was judged is kept whatever comes after. */
function logFile(folder: string | undefined): (entry: Entry) => void {
  if (folder === undefined) return () => undefined;
  const file = join(folder, LOG);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, "");
  } catch (error) {
    throw new UsageError(`--out: ${error instanceof Error ? error.message : String(error)}`);
  }
  return (entry) => appendFileSync(file, entryLine(entry));
}

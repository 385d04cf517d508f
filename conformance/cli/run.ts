/** `kvm-conform run`: judges the selected cases on each adapter and writes the reports. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { Crashed, Overdue } from "../adapter/door";
import { lockGraph, type LockGraph } from "../../coverage/lock-graph";
import { summary, wrongOrder } from "../../coverage/lock-report";
import { matrix } from "../../coverage/matrix";
import type { HelloReply, Nesting } from "../../spec/generated/types";
import { packageVersion } from "../case/root";
import type { FiledCase, Spec } from "../case/spec";
import { entryLine, footerOf, type Entry, type Header, type Judged, type Log } from "../report/events";
import { junit } from "../report/junit";
import type { Progress } from "../report/progress";
import { failureLines, headerLines, summaryLines, verdictLines } from "../report/terminal";
import { staleExpectations } from "../verdict/stale";
import { openBench, saidOn, type Bench } from "./bench";
import { Cases, type CaseSaid, type CaseTask, type SavedCases } from "./cases";
import { Keeper } from "./checkpoint";
import { ALONE, inOrder, type Jobs } from "./crew";
import { askingOf, judgingOf, type Asking } from "./judging";
import { kvmOptions } from "./kvm";
import { folderOf, LOG } from "./logs";
import { select, type Selection } from "./selection";
import type { Stopper } from "./stop";
import type { Hand } from "./thread";
import { EXIT, UsageError } from "./usage";

export interface RunOptions extends Selection, Asking {
  readonly adapter: readonly string[];
  /** Where results.ndjson and junit.xml go. */
  readonly out?: string;
  /** Where they go without `out`: the reference's there, those of KVM into a folder of their own; others are not written. */
  readonly home?: string;
  readonly failFast?: boolean;
  /** Who judges, where the adapter answers in this process; this thread if not said. Other threads judge by the shipped spec. */
  readonly jobs?: Jobs;
  /** Go on with a run that was cut short, if one was in the same folder. */
  readonly resume?: boolean;
  /** Multiplies every deadline of an adapter that is a process. */
  readonly timeoutMultiplier?: number;
  /** Shows how far it is while it lasts. */
  readonly progress?: Progress;
}

/** Prints one line. */
export type Print = (line: string) => void;

/** Judges on every adapter in turn; the exit code is the gravest. */
export async function run(spec: Spec, options: RunOptions, toReport: Print, stopper: Stopper): Promise<number> {
  const { progress } = options;
  const print: Print = (line) => {
    progress?.clear();
    toReport(line);
  };
  const cases = select(spec, options);
  // What does not go together is told of before anybody is asked.
  judgingOf(options);
  const codes: number[] = [];
  const logs: Log[] = [];
  for (const adapter of options.adapter) {
    try {
      const { code, log } = await runOne(spec, cases, adapter, options, print, stopper);
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
  print: Print,
  stopper: Stopper,
): Promise<{ code: number; log: Log }> {
  const bench = await openBench(adapter, spec, stopper, options.timeoutMultiplier);
  try {
    const started = performance.now();
    const out = folderFor(adapter, options);
    const header = headerOf(adapter, bench.hello, cases.length);
    const write = logFile(out);
    const asked = [askingOf(options), cases.map((each) => each.case)];
    const keeper = out !== undefined && bench.isHere ? new Keeper<SavedCases>(out, adapter, asked) : undefined;
    write(header);
    headerLines(header).forEach(print);
    const width = Math.max(...cases.map((each) => each.case.length));
    const verdicts: Judged[] = [];
    const work = workOf(bench, spec, cases, adapter, options, keeper, print);
    for await (const verdict of inOrder(work, handOn(bench, spec), bench.isHere ? (options.jobs ?? ALONE) : ALONE, stopper)) {
      verdicts.push(verdict);
      write(verdict);
      verdictLines(verdict, width).forEach(print);
      if (options.failFast === true && verdict.verdict === "broken" && !verdict.expected) break;
    }
    if (stopper.stopped) keeper?.write(work.save());
    else keeper?.forget();
    const stale = options.as === undefined ? staleExpectations(spec, bench.hello, verdicts) : [];
    const footer = footerOf(verdicts, (performance.now() - started) / 1000, stopper.stopped, stale);
    const log = { header, verdicts, footer };
    write(footer);
    if (out !== undefined) writeFileSync(join(out, "junit.xml"), junit(log, spec));
    failureLines(verdicts, spec, adapter).forEach(print);
    const graph = lockGraph(verdicts);
    wrongOrder(graph, await chains(graph, bench, cases, judgingOf(options))).forEach(print);
    if (bench.hello.kind === "kvm" && graph.cases > 0) ["", `locks: ${summary(graph)}`].forEach(print);
    summaryLines(adapter, footer, cases.length).forEach(print);
    if (out !== undefined) print(`log and JUnit: ${out}`);
    if (stopper.stopped && keeper !== undefined) print("the same command with --resume goes on from here");
    const code = stopper.stopped ? EXIT.interrupted : bench.died() > 0 ? EXIT.adapter : exitCode(log, graph);
    return { code, log };
  } finally {
    options.progress?.clear();
    await bench.end();
  }
}

/**
 * By whom, and on which call paths, the locks of a cycle were taken: each of its cases is judged once more for that,
 * where an implementation keeps call paths.
 */
async function chains({ cycles }: LockGraph, bench: Bench, cases: readonly FiledCase[], options: ReturnType<typeof judgingOf>) {
  const known = new Map<string, string | undefined>();
  const edges = bench.hello.control === "step" ? cycles.flat() : [];
  for (const { outer, inner, cases: ids } of edges) {
    const what = cases.find((each) => each.case === ids[0]);
    const nested = what === undefined ? [] : (await bench.judge(what, { ...options, paths: true })).nested;
    known.set(`${outer} ${inner}`, nested.find((each) => each.outer === outer && each.inner === inner)?.chain);
  }
  return ({ outer, inner }: Nesting) => known.get(`${outer} ${inner}`);
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

/** The cases as work, or what was left of it when a run in the same folder was cut short. */
function workOf(
  bench: Bench,
  spec: Spec,
  cases: readonly FiledCase[],
  adapter: string,
  options: RunOptions,
  keeper: Keeper<SavedCases> | undefined,
  print: Print,
): Cases {
  const { resume = false } = options;
  const saved = resume
    ? (keeper?.read() ?? "nothing to resume: without --out nothing is kept, nor of an adapter that is a process")
    : undefined;
  if (typeof saved === "string") print(pc.yellow(`${saved}; starting anew`));
  else if (saved !== undefined)
    print(`resumed: ${saved.verdicts.length} of ${cases.length} cases were judged, ${saved.parts.length} begun`);
  else if (keeper?.isThere === true) print(pc.yellow("a run was cut short here; --resume goes on with one, this one starts anew"));
  const kept = typeof saved === "string" ? undefined : saved;
  return new Cases(cases, spec, bench.hello, adapter, askingOf(options), kept, keeper, options.progress);
}

/** This thread as one of those who judge. */
function handOn(bench: Bench, spec: Spec): Hand<CaseTask, CaseSaid> {
  let isPaused = false;
  return {
    do: (task) => {
      isPaused = false;
      return saidOn(bench, spec, task, () => isPaused);
    },
    pause: () => void (isPaused = true),
  };
}

/** What a model does not show is a failure: cases promise it. Elsewhere it is only not shown. */
function exitCode({ header: { hello, selected }, verdicts, footer }: Log, { cycles, forbidden }: LockGraph): number {
  const some = (verdict: Judged["verdict"]): boolean => verdicts.some((each) => each.verdict === verdict && !each.expected);
  const notShown = hello.kind === "model" && verdicts.some(({ findings }) => findings.length > 0);
  if (some("crashed")) return EXIT.adapter;
  const wrong = cycles.length > 0 || forbidden.length > 0;
  if (some("broken") || notShown || wrong || footer?.stale.length !== 0) return EXIT.broken;
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

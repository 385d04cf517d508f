/**
 * The explorer on the benchmark programs, and on the concurrent cases of the suite: `npm run bench:explorer
 * [-- --json] [--only NAME]`. Each is explored four times, warm, in one process for each program and
 * one for the suite; the best counts. Exit code 1 if a number of traces is not the known one or a run
 * was given up.
 */
"use strict";
const { spawnSync } = require("node:child_process");
const path = require("node:path");
const { parseArgs } = require("node:util");

const SIZES = { lastzero: 15, readers: 17, nwriters: 9, ninc: 9, indexer: 15, filesystem: 26, fib: 7, phil: 16, bank: 8, sb: 16 };
const TIMES = 4;
/** How long one measurement of a small case goes on, in milliseconds. */
const AT_LEAST = 30;
const SUITE = "suite";

const dist = path.join(__dirname, "..", "dist");
const { plan } = require(path.join(dist, "conformance/plan/plan.js"));
const { holdHere } = require(path.join(dist, "conformance/adapter/door.js"));
const { explore } = require(path.join(dist, "conformance/explore/explore.js"));
const { optimal } = require(path.join(dist, "conformance/explore/optimal.js"));
const { fitHeap } = require(path.join(dist, "conformance/cli/heap.js"));

const { values } = parseArgs({ options: { json: { type: "boolean" }, only: { type: "string" }, child: { type: "string" } } });

/** Explores one program, and gives its row of the table. */
function measure(name) {
  const { caseOf, doorOf, helloOf, specOf } = require(path.join(dist, "fixtures/programs/program.js"));
  const { BENCHMARKS } = require(path.join(dist, "fixtures/programs/benchmarks.js"));
  const n = SIZES[name];
  const { program, traces } = BENCHMARKS[name];
  const made = program(n);
  const planned = plan(caseOf(made), specOf(made), helloOf(made));
  const { explored, seconds } = bestOf(planned, () => doorOf(made));
  const rss_mb = Math.round(process.memoryUsage().rss / 2 ** 20);
  const { runs, redundant } = explored;
  return { program: name, n, traces: runs, expected: traces(n), blocked: redundant, executions_per_s: Math.round(runs / seconds), rss_mb };
}

/** Explores the suite's concurrent cases, and gives how many there are, their runs, and the median of their rates. */
function measureSuite() {
  const { loadSpec } = require(path.join(dist, "conformance/case/load.js"));
  const { packageRoot } = require(path.join(dist, "conformance/case/root.js"));
  const { reference } = require(path.join(dist, "reference/adapter.js"));
  const door = reference();
  const { spec } = loadSpec(packageRoot());
  const hello = door({ op: "hello", protocol: 1, runner: "bench" });
  const concurrent = [...spec.cases.values()].filter((each) => each.threads !== undefined).map((each) => plan(each, spec, hello));
  const measured = concurrent.map((planned) => bestOf(planned, () => door, AT_LEAST));
  const rates = measured.map(({ explored, seconds }) => explored.runs / seconds).sort((a, b) => a - b);
  const runs = measured.reduce((sum, { explored }) => sum + explored.runs, 0);
  return { cases: rates.length, runs, median: Math.round(rates[rates.length >> 1]), slowest: Math.round(rates[0]) };
}

/** Explores something TIMES times, each for at least so long, and gives the best time for one exploration. */
function bestOf(planned, open, atLeast = 0) {
  const options = { strategy: optimal, limits: { runs: 10_000_000, steps: 10_000 }, record: true };
  let seconds = Infinity;
  let explored;
  for (let i = 0; i < TIMES; i++) {
    const started = performance.now();
    let times = 0;
    do {
      explored = holdHere(explore(planned, options), open());
      times++;
    } while (performance.now() - started < atLeast);
    seconds = Math.min(seconds, (performance.now() - started) / 1000 / times);
  }
  return { explored, seconds };
}

/** What a process of its own does. */
function child(name) {
  fitHeap();
  return name === SUITE ? measureSuite() : measure(name);
}

function inProcessOfItsOwn(name) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [__filename, "--child", name], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return JSON.parse(stdout);
}

function line(cells) {
  const widths = [12, 4, 9, 9, 8, 13, 7];
  return cells.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join(" ");
}

function main() {
  const rows = Object.keys(SIZES)
    .filter((name) => values.only === undefined || name === values.only)
    .map(inProcessOfItsOwn);
  if (values.json) console.log(JSON.stringify(rows));
  else {
    console.log(line(["program", "n", "traces", "expected", "blocked", "executions/s", "MB"]));
    for (const row of rows) console.log(line(Object.values(row)));
    if (values.only === undefined) {
      const { cases, runs, median, slowest } = inProcessOfItsOwn(SUITE);
      console.log(`\nthe suite: ${cases} concurrent cases, ${runs} runs; executions/s at the median ${median}, of the slowest ${slowest}`);
    }
  }
  if (rows.length === 0 || rows.some(({ traces, expected, blocked }) => traces !== expected || blocked > 0)) process.exitCode = 1;
}

if (values.child === undefined) main();
else console.log(JSON.stringify(child(values.child)));

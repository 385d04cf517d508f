/**
 * The explorer on the benchmark programs: `npm run bench:explorer [-- --json] [--only NAME]`. Each is
 * explored four times, warm, in one process for each program; the best counts. Exit code 1 if a
 * number of traces is not the known one or a run was given up.
 */
"use strict";
const { spawnSync } = require("node:child_process");
const path = require("node:path");
const { parseArgs } = require("node:util");

const SIZES = { lastzero: 15, readers: 17, nwriters: 9, ninc: 9, indexer: 15, filesystem: 26, fib: 7, phil: 16, bank: 8, sb: 16 };
const TIMES = 4;

const { values } = parseArgs({ options: { json: { type: "boolean" }, only: { type: "string" }, child: { type: "string" } } });

/** Explores one program, and gives its row of the table. */
function measure(name) {
  const dist = path.join(__dirname, "..", "dist");
  const { plan } = require(path.join(dist, "conformance/plan/plan.js"));
  const { holdHere } = require(path.join(dist, "conformance/adapter/door.js"));
  const { explore } = require(path.join(dist, "conformance/explore/explore.js"));
  const { optimal } = require(path.join(dist, "conformance/explore/optimal.js"));
  const { caseOf, doorOf, helloOf, specOf } = require(path.join(dist, "fixtures/programs/program.js"));
  const { BENCHMARKS } = require(path.join(dist, "fixtures/programs/benchmarks.js"));
  const n = SIZES[name];
  const { program, traces } = BENCHMARKS[name];
  const made = program(n);
  const planned = plan(caseOf(made), specOf(made), helloOf(made));
  const options = { strategy: optimal, limits: { runs: 10_000_000, steps: 10_000 }, record: true };
  let best = Infinity;
  let explored;
  for (let i = 0; i < TIMES; i++) {
    const started = performance.now();
    explored = holdHere(explore(planned, options), doorOf(made));
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  const rss_mb = Math.round(process.memoryUsage().rss / 2 ** 20);
  const { runs, redundant } = explored;
  return { program: name, n, traces: runs, expected: traces(n), blocked: redundant, executions_per_s: Math.round(runs / best), rss_mb };
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
  }
  if (rows.length === 0 || rows.some(({ traces, expected, blocked }) => traces !== expected || blocked > 0)) process.exitCode = 1;
}

if (values.child === undefined) main();
else console.log(JSON.stringify(measure(values.child)));

/**
 * The benchmark programs explored by several threads together, held against one:
 * `npm run bench:jobs [-- --jobs 2] [--json] [--only NAME]`. Exit code 1 if traces or digest differ, or more
 * than a tenth of the runs was given up.
 */
"use strict";
const path = require("node:path");
const { parseArgs } = require("node:util");
const { isMainThread } = require("node:worker_threads");

const SIZES = { lastzero: 15, readers: 17, nwriters: 9, ninc: 9, indexer: 15, filesystem: 26, fib: 7, phil: 16, bank: 8, sb: 16 };
const LIMITS = { runs: 10_000_000, steps: 10_000 };
const MOST_BLOCKED = 0.1;

const built = (name) => require(path.join(__dirname, "..", "dist", name));
const { holdInTurns } = built("conformance/cli/bench.js");
const { inOrder } = built("conformance/cli/crew.js");
const { isPaused, serve } = built("conformance/cli/thread.js");
const { sumInDigits } = built("conformance/explore/digest.js");
const { explorePart, Sums } = built("conformance/explore/parallel/part.js");
const { Trunk } = built("conformance/explore/parallel/trunk.js");
const { plan } = built("conformance/plan/plan.js");
const { caseOf, doorOf, helloOf, specOf } = built("fixtures/programs/program.js");
const { BENCHMARKS } = built("fixtures/programs/benchmarks.js");

const NEVER = { stopped: false };

/** The plan of a program and its door. */
function made(name) {
  const program = BENCHMARKS[name].program(SIZES[name]);
  return { planned: plan(caseOf(program), specOf(program), helloOf(program)), door: doorOf(program) };
}

/** Explores a part of a program. */
function explored({ name, job }, pause) {
  const { planned, door } = made(name);
  return holdInTurns(explorePart(planned, job, { limits: LIMITS, digest: true, record: true, pause }), door, NEVER);
}

/** A program as work for a crew: one result, once nothing of it is left. */
function sourceOf(name) {
  const sums = new Sums(made(name).planned, LIMITS);
  const trunk = new Trunk(sums.whole.footprints);
  const works = new Map();
  let parts = 0;
  return {
    count: 1,
    next: () => {
      const work = trunk.next();
      const task = work && { name, job: work.job };
      works.set(task, work);
      return task;
    },
    came: (task, { failed, tally, above, frames }, isIdle) => {
      if (failed) throw new Error(`${name} cannot be explored in parts`);
      sums.add(tally);
      parts++;
      trunk.came(works.get(task), above, frames, isIdle);
      return trunk.isDone ? [[0, { ...sums.explored(), parts }]] : [];
    },
    failed: (_, error) => {
      throw error;
    },
  };
}

async function measure(name, count) {
  let isStopped = false;
  const here = {
    do: (task) => {
      isStopped = false;
      return explored(task, () => isStopped);
    },
    pause: () => (isStopped = true),
  };
  const started = performance.now();
  for await (const result of inOrder(sourceOf(name), here, { count, after: 0, worker: __filename }, NEVER)) {
    const { runs, redundant, digest, parts } = result;
    return { traces: runs, blocked: redundant, digest: sumInDigits(digest), parts, seconds: (performance.now() - started) / 1000 };
  }
  throw new Error(`${name} came to nothing`);
}

async function main() {
  const options = { jobs: { type: "string", default: "2" }, json: { type: "boolean" }, only: { type: "string" } };
  const { values } = parseArgs({ options });
  const rows = [];
  for (const name of Object.keys(SIZES).filter((each) => values.only === undefined || each === values.only)) {
    const one = await measure(name, 1);
    const several = await measure(name, Number(values.jobs));
    const { traces, blocked, digest, parts } = several;
    const ok = traces === one.traces && digest === one.digest && blocked <= MOST_BLOCKED * traces;
    const times = Number((one.seconds / several.seconds).toFixed(2));
    rows.push({ program: name, n: SIZES[name], traces, blocked, digest, parts, times_as_fast: times, ok });
    if (!values.json) console.log(Object.values(rows.at(-1)).join("  "));
  }
  if (values.json) console.log(JSON.stringify(rows));
  if (rows.length === 0 || rows.some(({ ok }) => !ok)) process.exitCode = 1;
}

if (isMainThread) void main();
else serve((task) => explored(task, isPaused));

/**
 * Random programs through the explorer's rig: `npm run fuzz:explorer -- --programs 50000 --seed 1 [--engine NAME]`.
 * An engine is `optimal`, or one of the known-bad ones: of those it is said whether they were caught. `shared` is
 * `optimal` in parts, held against itself.
 */
"use strict";
const path = require("node:path");
const { parseArgs } = require("node:util");

const dist = path.join(__dirname, "..", "dist");
const { plan } = require(path.join(dist, "conformance/plan/plan.js"));
const { optimal } = require(path.join(dist, "conformance/explore/optimal.js"));
const { caseOf, helloOf, specOf } = require(path.join(dist, "fixtures/programs/program.js"));
const { fuzz, mistakeIn, shrink } = require(path.join(dist, "fixtures/programs/fuzz.js"));
const { fuzzShared } = require(path.join(dist, "fixtures/programs/fuzz-shared.js"));
const { MUTANTS } = require(path.join(dist, "fixtures/programs/mutants.js"));

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "2000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    engine: { type: "string", default: "optimal" },
  },
});

const planOf = (program) => plan(caseOf(program), specOf(program), helloOf(program));

/** Tries programs through the rig. */
const rigged = (make) => ({
  try: (seed, programs, heard) => fuzz(planOf, make, seed, programs, heard),
  isWrong: (code) => mistakeIn(code, planOf, make) !== undefined,
});
/** Tries programs in parts. How one is divided hangs on its seed, so that none is made smaller. */
const inParts = (wrong) => ({ try: (seed, programs, heard) => fuzzShared(planOf, wrong, seed, programs, heard) });
const GOOD = { optimal: rigged(optimal), shared: inParts(undefined) };
const BAD = {
  ...Object.fromEntries(Object.entries(MUTANTS).map(([name, make]) => [name, rigged(make)])),
  "shared-anything-given-away": inParts("anything-given-away"),
  "shared-nothing-returned": inParts("nothing-returned"),
};

/** Fuzzes one engine and says what came of it; a known-bad one is caught at its first mistake. */
function tryEngine(name, engine) {
  const started = Date.now();
  let said = started;
  const found = engine.try(Number(values.seed), Number(values.programs), (so) => {
    if (Date.now() - said > 20_000) {
      said = Date.now();
      const tried = so.programs + so.skipped + so.outside;
      console.error(`${tried} of ${values.programs} programs, ${so.traces} traces, ${so.mistakes.length} mistakes`);
    }
    return so.mistakes.length < (name in GOOD ? 5 : 1);
  });
  const { mistakes, ...counts } = found;
  const seconds = (Date.now() - started) / 1000;
  console.log(JSON.stringify({ engine: name, seed: Number(values.seed), ...counts, mistakes: mistakes.length, seconds }));
  return found;
}

function show({ code, mistake, oracle }, { isWrong }) {
  console.log(`${oracle ? "the oracles do not agree" : "wrong"}: ${JSON.stringify(mistake)}`);
  if (oracle || isWrong === undefined) console.log(`program: ${JSON.stringify(code)}`);
  else console.log(`smallest: ${JSON.stringify(shrink(code, isWrong))}`);
}

const engines = values.engine === "mutants" ? Object.entries(BAD) : [[values.engine, GOOD[values.engine] ?? BAD[values.engine]]];
for (const [name, engine] of engines) {
  if (engine === undefined) {
    console.error(`there is no engine ${name}: ${Object.keys(GOOD).join(", ")}, mutants (all of them), ${Object.keys(BAD).join(", ")}`);
    process.exit(2);
  }
  const { mistakes } = tryEngine(name, engine);
  if (values.engine !== "mutants") for (const each of mistakes.slice(0, 1)) show(each, engine);
  const caught = mistakes.length > 0;
  if (caught === name in GOOD) process.exitCode = 1;
}

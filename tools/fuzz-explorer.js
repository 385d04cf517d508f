/**
 * Random programs through the explorer's rig: `npm run fuzz:explorer -- --programs 50000 --seed 1 [--engine NAME]`.
 * An engine is `optimal`, or one of the known-bad ones: of those it is said whether they were caught.
 */
"use strict";
const path = require("node:path");
const { parseArgs } = require("node:util");

const dist = path.join(__dirname, "..", "dist");
const { plan } = require(path.join(dist, "conformance/plan/plan.js"));
const { optimal } = require(path.join(dist, "conformance/explore/optimal.js"));
const { caseOf, helloOf, specOf } = require(path.join(dist, "fixtures/programs/program.js"));
const { fuzz, mistakeIn, shrink } = require(path.join(dist, "fixtures/programs/fuzz.js"));
const { MUTANTS } = require(path.join(dist, "fixtures/programs/mutants.js"));

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "2000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    engine: { type: "string", default: "optimal" },
  },
});

const planOf = (program) => plan(caseOf(program), specOf(program), helloOf(program));

/** Fuzzes one engine and says what came of it; a known-bad one is caught at its first mistake. */
function tryEngine(name, make) {
  const started = Date.now();
  let said = started;
  const found = fuzz(planOf, make, Number(values.seed), Number(values.programs), (so) => {
    if (Date.now() - said > 20_000) {
      said = Date.now();
      console.error(
        `${so.programs + so.skipped + so.outside} of ${values.programs} programs, ${so.traces} traces, ${so.mistakes.length} mistakes`,
      );
    }
    return so.mistakes.length < (name === "optimal" ? 5 : 1);
  });
  const { mistakes, ...counts } = found;
  console.log(
    JSON.stringify({
      engine: name,
      seed: Number(values.seed),
      ...counts,
      mistakes: mistakes.length,
      seconds: (Date.now() - started) / 1000,
    }),
  );
  return found;
}

function show({ code, mistake, oracle }, make) {
  const small = oracle ? code : shrink(code, (each) => mistakeIn(each, planOf, make) !== undefined);
  console.log(`${oracle ? "the oracles do not agree" : "wrong"}: ${JSON.stringify(mistake)}`);
  console.log(`smallest: ${JSON.stringify(small)}`);
}

const engines =
  values.engine === "mutants" ? Object.entries(MUTANTS) : [[values.engine, values.engine === "optimal" ? optimal : MUTANTS[values.engine]]];
for (const [name, make] of engines) {
  if (make === undefined) {
    console.error(`there is no engine ${name}: optimal, mutants (all of them), ${Object.keys(MUTANTS).join(", ")}`);
    process.exit(2);
  }
  const { mistakes } = tryEngine(name, make);
  if (values.engine !== "mutants") for (const each of mistakes.slice(0, 1)) show(each, make);
  const caught = mistakes.length > 0;
  if (caught === (name === "optimal")) process.exitCode = 1;
}

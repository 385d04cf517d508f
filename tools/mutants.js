/**
 * Makes mutants of the operations of the reference, and shows which of them the cases do not notice.
 *
 * `npm run mutants -- --area vcpuid,ipiv [--file reference/kvm/create_vcpu.ts] [--json] [--jobs 2]`
 *
 * Mutated are the operations that mark a rule of one of the areas, and those that mark none in the files
 * that are mostly about one of them; each mutant meets the areas' cases, and those of whatever rules its
 * operation marks. Exits with 1 if a mutant survives without an argument in spec/equivalents.yaml, or if an
 * argument there is about nothing.
 */
"use strict";

const path = require("node:path");
const { parseArgs } = require("node:util");
const { openBench, sourcesOf } = require("./mutants/engine");
const { problemsWith, readEquivalents } = require("./mutants/equivalents");
const { casesFor } = require("./mutants/meet");
const { mutantsOf } = require("./mutants/mutate");
const { judgeAll } = require("./mutants/pool");
const { countedAs, json, report } = require("./mutants/report");
const { Answers, operationsOf, parse } = require("./mutants/tree");

const ROOT = path.join(__dirname, "..");
const areaOf = (id) => id.split(/[./]/)[0];

/** The area that a file is mostly about: the one that most of its marks are of. */
function homeOf({ file, text }) {
  const times = new Map();
  for (const { marks } of operationsOf(parse(file, text)))
    for (const area of marks.map(areaOf)) times.set(area, (times.get(area) ?? 0) + 1);
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0];
}

class UsageError extends Error {}

/** What these arguments ask for; throws UsageError if that is not to be had. */
function asked(args, spec, sources) {
  const options = { area: { type: "string" }, file: { type: "string" }, json: { type: "boolean" }, jobs: { type: "string", default: "1" } };
  const { values } = parseArgs({ args, options });
  const known = [...new Set([...spec.rules.keys()].map(areaOf))];
  const areas = (values.area ?? "").split(",").filter(Boolean);
  const unknown = areas.find((area) => !known.includes(area));
  if (areas.length === 0 || unknown !== undefined)
    throw new UsageError(`${unknown === undefined ? "no --area is given" : `there is no area ${unknown}`}: ${known.join(", ")}`);
  const marked = sources.filter(({ file, text }) =>
    operationsOf(parse(file, text)).some(({ marks }) => marks.some((id) => areas.includes(areaOf(id)))),
  );
  const wanted = values.file?.split(",") ?? marked.map(({ file }) => file);
  const other = wanted.find((file) => !marked.some((each) => each.file === file));
  if (other !== undefined)
    throw new UsageError(`${other} marks no rule of ${areas.join(", ")}; these do: ${marked.map(({ file }) => file).join(", ")}`);
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new UsageError("--jobs is a number of threads, from 1");
  return { areas, files: marked.filter(({ file }) => wanted.includes(file)), json: values.json === true, jobs };
}

/** Which mutants of a file these areas have to notice. */
function ownedBy(areas, source) {
  const isHome = areas.includes(homeOf(source));
  return ({ marks }) => (marks.length === 0 ? isHome : marks.some((id) => areas.includes(areaOf(id))));
}

/** The cases that can be of use: of the areas, and of the rules that the mutants' operations mark. */
function casesOf(spec, areas, mutants) {
  const marks = new Set(mutants.flatMap((mutant) => mutant.marks));
  return [...spec.cases.values()].filter((each) => areas.includes(areaOf(each.case)) || each.rules.some((rule) => marks.has(rule)));
}

async function main() {
  const start = Date.now();
  const bench = openBench(ROOT);
  const sources = sourcesOf(ROOT);
  const { areas, files, json: asJson, jobs } = asked(process.argv.slice(2), bench.spec, sources);
  const answers = new Answers(sources.map(({ file, text }) => parse(file, text)));
  const makes = (source) => mutantsOf(source.file, source.text, answers);
  const mutants = files.flatMap((source) => makes(source).filter(ownedBy(areas, source)));
  const measured = bench.measure(casesOf(bench.spec, areas, mutants));
  console.error(`${mutants.length} mutants meet ${measured.length} cases`);

  const work = mutants.map((mutant) => ({ mutant, cases: casesFor(mutant, measured, areas) }));
  const outcomes = [];
  let judged = 0;
  await judgeAll(ROOT, work, jobs, (n, outcome) => {
    outcomes[n] = outcome;
    if (++judged % 50 === 0) console.error(`${judged} of ${mutants.length}, ${Math.round((Date.now() - start) / 1000)} s`);
  });

  const entries = readEquivalents(ROOT);
  const argued = new Set(entries.map((entry) => entry.mutant));
  const results = work.map(({ mutant, cases }, n) => ({
    mutant,
    met: cases.length,
    outcome: outcomes[n],
    equivalent: argued.has(mutant.name),
  }));
  const names = files.map(({ file }) => file);
  const problems = problemsWith(entries, names, files.flatMap(makes), results);
  console.log(asJson ? JSON.stringify(json(areas, results, problems), null, 2) : report(results, problems).join("\n"));
  console.error(`${Math.round((Date.now() - start) / 1000)} s`);
  if (problems.length > 0 || results.some((each) => countedAs(each) === "nothing")) process.exitCode = 1;
}

if (require.main === module)
  main().catch((error) => {
    if (!(error instanceof UsageError) && error.code?.startsWith("ERR_PARSE_ARGS") !== true) throw error;
    console.error(`mutants: ${error.message}`);
    process.exitCode = 2;
  });

module.exports = { asked, ownedBy };

/**
 * What exploration sees of each case with threads that race, pinned in reference/pins.json: how many
 * traces there are, how many steps they take together, in how many distinct ends they come out, and
 * how many outcomes the case lists. reference/cases.test.ts holds every case to it.
 *
 * `npm run pins` explores all of them on the reference and prints what has changed, as a table;
 * `npm run pins -- --update` writes it down besides. Exits with 1 if a case does not hold, or if
 * something has changed and was not written down.
 */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");

const ROOT = path.join(__dirname, "..");
const FILE = path.join(ROOT, "reference", "pins.json");
const NUMBERS = ["traces", "steps", "ends", "outcomes"];
const HINT = "If that is meant: npm run pins -- --update";

/** What is pinned of a case that was judged. */
function pinOf({ outcomes = [] }, { how }) {
  return { traces: how.runs, steps: how.steps, ends: how.ends, outcomes: outcomes.length };
}

/** What is not as it was, by case: which number, what it was and what it is. A case that is new or gone has no numbers on one side. */
function changes(before, after) {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return ids.flatMap((id) =>
    NUMBERS.map((what) => ({ case: id, what, before: before[id]?.[what], after: after[id]?.[what] })).filter(
      (each) => each.before !== each.after,
    ),
  );
}

/** The changes as a table; nothing if there are none. */
function table(changed) {
  if (changed.length === 0) return [];
  const shown = (n) => (n === undefined ? "-" : n.toLocaleString("en-US"));
  const rows = changed.map((each) => [each.case, each.what, shown(each.before), shown(each.after)]);
  const all = [["case", "", "before", "after"], ...rows];
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)));
  return all.map((row) => row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
}

/** The file's text: a line for each case, by id, so that a difference of two versions is read case by case. */
function text(pins) {
  const lines = Object.keys(pins)
    .sort()
    .map((id) => `  ${JSON.stringify(id)}: { ${NUMBERS.map((what) => `"${what}": ${pins[id][what]}`).join(", ")} }`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** Explores these cases on a door that says `hello`; throws an Error for one that does not hold. */
function explored(cases, spec, door) {
  const { judge } = require(path.join(ROOT, "dist/conformance/verdict/judge.js"));
  const { holdHere } = require(path.join(ROOT, "dist/conformance/adapter/door.js"));
  const hello = door({ op: "hello", protocol: 1, runner: "pins" });
  const racing = cases.filter(({ threads = {} }) => Object.keys(threads).length > 1);
  return Object.fromEntries(
    racing.map((each) => {
      const verdict = holdHere(judge(each, spec, hello), door);
      if (verdict.verdict !== "holds") throw new Error(`${each.case} is ${verdict.verdict}: only what holds is pinned`);
      return [each.case, pinOf(each, verdict)];
    }),
  );
}

/** Compares with what is written in a file, and writes it anew if asked to. Gives the exit code. */
function pin(now, { file = FILE, update = false, print = console.log }) {
  const before = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
  const changed = changes(before, now);
  table(changed).forEach((line) => print(line));
  if (changed.length === 0) print(`${Object.keys(now).length} cases are as pinned`);
  else if (!update) print(HINT);
  if (update) fs.writeFileSync(file, text(now));
  return changed.length === 0 || update ? 0 : 1;
}

function main() {
  const { values } = parseArgs({ options: { update: { type: "boolean", default: false } } });
  const { loadSpec } = require(path.join(ROOT, "dist/conformance/case/load.js"));
  const { reference } = require(path.join(ROOT, "dist/reference/adapter.js"));
  const { spec, problems } = loadSpec(ROOT);
  if (problems.length > 0) throw new Error(`the spec has ${problems.length} problems; \`kvm-conform check\` shows them`);
  process.exitCode = pin(explored([...spec.cases.values()], spec, reference()), values);
}

if (require.main === module)
  try {
    main();
  } catch (error) {
    console.error(`pins: ${error.message}`);
    process.exitCode = error.code?.startsWith("ERR_PARSE_ARGS") ? 2 : 1;
  }

module.exports = { changes, explored, pin, pinOf, table, text };

/**
 * Runs the tests and then the other checks, all of them whatever fails, and counts.
 *
 * Each test counts as one, and so does each check. The reason of every skipped test is printed,
 * and the last line is `N passed, N failed[, N skipped]`. Exits with 1 if anything failed.
 */
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const CHECKS = ["lint", "types", "imports", "unused"];

/**
 * Counts what jest reported. A suite that could not even start has no failed test, and a jest that
 * broke down has no report: each is a failure of its own.
 */
function tally(report, status) {
  const passed = report?.numPassedTests ?? 0;
  const failed = (report?.numFailedTests ?? 0) + (report?.numRuntimeErrorTestSuites ?? 0);
  const results = (report?.testResults ?? []).flatMap((suite) => suite.assertionResults);
  const skipped = results.filter((result) => result.status === "pending" || result.status === "todo").map((result) => result.fullName);
  return { passed, failed: failed === 0 && status !== 0 ? 1 : failed, skipped };
}

/** The last lines: a line for each skipped test, then the counts. */
function summary({ passed, failed, skipped }) {
  const counts = `${passed} passed, ${failed} failed`;
  return [...skipped.map((name) => `skipped: ${name}`), skipped.length === 0 ? counts : `${counts}, ${skipped.length} skipped`].join("\n");
}

function npm(title, args) {
  console.log(`\n== ${title}`);
  const start = Date.now();
  const { status } = spawnSync("npm", args, { stdio: "inherit" });
  console.log(`== ${title}: ${status === 0 ? "ok" : "FAILED"}, ${Math.round((Date.now() - start) / 1000)} s`);
  return status;
}

function readReport(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kvm-conform-ci-"));
  const file = path.join(folder, "jest.json");
  const status = npm("test", ["test", "--silent", "--", "--ci", "--json", `--outputFile=${file}`]);
  const counts = tally(readReport(file), status);
  fs.rmSync(folder, { recursive: true });
  for (const check of CHECKS) {
    if (npm(check, ["run", "--silent", check]) === 0) counts.passed++;
    else counts.failed++;
  }
  console.log(`\n${summary(counts)}`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

if (require.main === module) main();

module.exports = { tally, summary };

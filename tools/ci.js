/**
 * Runs the tests, then the other checks, then the suite on real kernels, all of it whatever fails, and counts.
 *
 * Each test counts as one, and so does each check and each kernel. The reason of every skipped test is printed,
 * and the last line is `N passed, N failed[, N skipped]`. Exits with 1 if anything failed.
 */
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const CHECKS = ["lint", "types", "imports", "unused"];

/** The real kernels that the suite is run on, where they can be had; few worlds, as it is about agreement and not about rare orders. */
const KERNELS = ["kvm", "kvm:qemu", "kvm:qemu,avic", "kvm:qemu,kernel=6.1"];
const WORLDS = "40";
const CLI = path.join(__dirname, "..", "bin", "kvm-conform.js");
/** The exit code for an adapter that cannot be reached, or died. */
const UNREACHED = 3;

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

/** What a run on a real kernel came to. One that printed nothing reached no kernel: it was skipped, and its error says why. */
function kernelResult(adapter, { status, stdout, stderr }) {
  if (status === 0) return { passed: 1, failed: 0, skipped: [] };
  if (status !== UNREACHED || stdout !== "") return { passed: 0, failed: 1, skipped: [] };
  return { passed: 0, failed: 0, skipped: [`the suite on ${adapter} [skipped: ${stderr.split("\n")[0].replace(/^error: /, "")}]`] };
}

/** Brings the checkout to the point where it runs, and gets from Debian what the tests and the suite can use of it. */
function prepare() {
  spawnSync(process.execPath, [path.join(__dirname, "setup.js")], { stdio: "inherit" });
  spawnSync(process.execPath, [CLI, "kvm-setup"], { stdio: "inherit" });
}

/** Runs the suite on each real kernel that this machine has. */
function realKernels() {
  return KERNELS.map((adapter) => {
    console.log(`\n== the suite on ${adapter}`);
    const made = spawnSync(process.execPath, [CLI, "run", "--adapter", adapter, "--worlds", WORLDS], { encoding: "utf8" });
    process.stdout.write(made.stdout + made.stderr);
    return kernelResult(adapter, made);
  });
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
  prepare();
  const status = npm("test", ["test", "--silent", "--", "--ci", "--json", `--outputFile=${file}`]);
  const counts = tally(readReport(file), status);
  fs.rmSync(folder, { recursive: true });
  for (const check of CHECKS) {
    if (npm(check, ["run", "--silent", check]) === 0) counts.passed++;
    else counts.failed++;
  }
  for (const { passed, failed, skipped } of realKernels()) {
    counts.passed += passed;
    counts.failed += failed;
    counts.skipped.push(...skipped);
  }
  console.log(`\n${summary(counts)}`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

if (require.main === module) main();

module.exports = { tally, summary, kernelResult };

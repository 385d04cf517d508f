/**
 * Runs the tests, then the other checks, then the suite on real kernels, all of it whatever fails, and counts.
 *
 * Each test counts as one, and so does each check and each kernel. What failed is told again at the end, since of a
 * long log often only the end is kept; then the reason of every skipped test, and as the last line
 * `N passed, N failed[, N skipped]`. Exits with 1 if anything failed.
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
/** How long the suite may take on one of them, and one of the other steps, in milliseconds: whatever hangs is told of as a failure. */
const KERNEL_LIMIT = 12 * 60_000;
const STEP_LIMIT = 30 * 60_000;
/** The exit code for an adapter that cannot be reached, or died. */
const UNREACHED = 3;
/** The most lines that are told again of one failure. */
const LINES = 40;

/**
 * Counts what jest reported. A suite that could not even start has no failed test, and a jest that
 * broke down has no report: each is a failure of its own.
 */
function tally(report, status) {
  const suites = report?.testResults ?? [];
  const results = suites.flatMap((suite) => suite.assertionResults);
  const skipped = results.filter((result) => result.status === "pending" || result.status === "todo").map((result) => result.fullName);
  const failures = suites.flatMap(failuresOf);
  if (failures.length === 0 && status !== 0) failures.push("jest failed, and no test did");
  return { passed: report?.numPassedTests ?? 0, failures, skipped };
}

/** What failed in one test file, each failure with what was said of it. */
function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((result) => result.status === "failed");
  if (failed.length === 0) return status === "failed" ? [told(name, message)] : [];
  return failed.map(({ fullName, failureMessages }) => told(`${name}: ${fullName}`, failureMessages.join("\n")));
}

function told(what, said) {
  const lines = said.trimEnd().split("\n");
  const left = lines.length > LINES ? [`... ${lines.length - LINES} lines more above`] : [];
  return [what, ...lines.slice(-LINES), ...left].join("\n    ");
}

/** The last lines: each failure, a line for each skipped test, then the counts. */
function summary({ passed, failures, skipped }) {
  const counts = [`${passed} passed, ${failures.length} failed`, ...(skipped.length > 0 ? [`${skipped.length} skipped`] : [])];
  return [...failures.map((failure) => `failed: ${failure}`), ...skipped.map((name) => `skipped: ${name}`), counts.join(", ")].join("\n");
}

/** What a run on a real kernel came to. One that printed nothing reached no kernel: it was skipped, and its error says why. */
function kernelResult(adapter, { status, stdout, stderr, error }) {
  const what = `the suite on ${adapter}`;
  if (error?.code === "ETIMEDOUT") return { passed: 0, failures: [told(`${what}: no end in sight`, stdout + stderr)], skipped: [] };
  if (status === 0) return { passed: 1, failures: [], skipped: [] };
  if (status !== UNREACHED || stdout !== "")
    return { passed: 0, failures: [told(`${what}: exit code ${status}`, stdout + stderr)], skipped: [] };
  return { passed: 0, failures: [], skipped: [`${what} [skipped: ${stderr.split("\n")[0].replace(/^error: /, "")}]`] };
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
    const args = [CLI, "run", "--adapter", adapter, "--worlds", WORLDS];
    const made = spawnSync(process.execPath, args, { encoding: "utf8", timeout: KERNEL_LIMIT, killSignal: "SIGKILL" });
    process.stdout.write(made.stdout + made.stderr);
    return kernelResult(adapter, made);
  });
}

function npm(title, args) {
  console.log(`\n== ${title}`);
  const start = Date.now();
  const { status, error } = spawnSync("npm", args, { stdio: "inherit", timeout: STEP_LIMIT });
  console.log(
    `== ${title}: ${status === 0 ? "ok" : `FAILED${error === undefined ? "" : ` (${error.code})`}`}, ${Math.round((Date.now() - start) / 1000)} s`,
  );
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
    else counts.failures.push(check);
  }
  for (const { passed, failures, skipped } of realKernels()) {
    counts.passed += passed;
    counts.failures.push(...failures);
    counts.skipped.push(...skipped);
  }
  console.log(`\n${summary(counts)}`);
  process.exitCode = counts.failures.length === 0 ? 0 : 1;
}

if (require.main === module) main();

module.exports = { tally, summary, kernelResult };

/**
 * Measures what the tests cover, in this process and in the commands that they start.
 *
 * Jest reports on TypeScript, a child process on the compiled JavaScript. Merged as they are, one
 * would overwrite the other, and which one depends on file names; so the children's figures are
 * mapped back to TypeScript first, and then two reports of one kind are merged. Arguments go to jest.
 */
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const ROOT = path.join(__dirname, "..");
// Absolute: the commands that tests start run in folders of their own.
const WORK = path.join(ROOT, ".nyc_output");
const RAW = path.join(WORK, "raw");
const CHILDREN = path.join(WORK, "children");
const MERGE = path.join(WORK, "merge");

function nyc(...args) {
  const { status } = spawnSync(process.execPath, [require.resolve("nyc/bin/nyc.js"), ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

process.chdir(ROOT);
fs.rmSync(WORK, { recursive: true, force: true });
fs.rmSync(path.join("coverage", "report"), { recursive: true, force: true });
fs.mkdirSync(MERGE, { recursive: true });

// Without a cache: it is keyed by the JavaScript alone, and would keep a source map that has changed.
const jest = [process.execPath, require.resolve("jest/bin/jest"), "--coverage", ...process.argv.slice(2)];
nyc("--silent", "--no-cache", "--temp-dir", RAW, ...jest);
nyc("report", "--temp-dir", RAW, "--reporter", "json", "--report-dir", CHILDREN);
fs.copyFileSync(path.join(WORK, "jest", "coverage-final.json"), path.join(MERGE, "jest.json"));
fs.copyFileSync(path.join(CHILDREN, "coverage-final.json"), path.join(MERGE, "children.json"));
nyc("report", "--temp-dir", MERGE);

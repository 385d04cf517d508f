/** Runs the mutation test of the loader with more mutants: `npm run fuzz:spec -- --mutations 100000 --seed 7`. */
"use strict";
const { spawnSync } = require("node:child_process");
const path = require("node:path");
const { parseArgs } = require("node:util");

const { values } = parseArgs({
  options: { mutations: { type: "string", default: "100000" }, seed: { type: "string", default: String(Date.now() % 1_000_000) } },
});
const root = path.join(__dirname, "..");
const { status } = spawnSync(process.execPath, [path.join(root, "node_modules/jest/bin/jest.js"), "conformance/case/mutations.test.ts"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, MUTATIONS: values.mutations, SEED: values.seed },
});
process.exitCode = status ?? 1;

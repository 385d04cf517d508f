/** The runner as it was built, the sources of the reference, and the bench made of both. */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { Bench } = require("./bench");

const built = (root, name) => require(path.join(root, "dist/conformance", name));

/** Throws if the specification has mistakes. */
function openBench(root) {
  const { spec, problems } = built(root, "case/load").loadSpec(root);
  if (problems.length > 0) throw new Error("spec/ has mistakes: `kvm-conform check` shows them");
  const { judge } = built(root, "verdict/judge");
  return new Bench({ spec, judge }, (file) => fs.readFileSync(path.join(root, file), "utf8"));
}

/** Every source of the reference, tests left out, as seen from `root`. */
function sourcesOf(root) {
  const names = fs.readdirSync(path.join(root, "reference"), { recursive: true });
  const files = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).map((name) => `reference/${name}`);
  return files.sort().map((file) => ({ file, text: fs.readFileSync(path.join(root, file), "utf8") }));
}

module.exports = { openBench, sourcesOf };

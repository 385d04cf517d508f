#!/usr/bin/env node
/**
 * The command `kvm-conform`: in a checkout, sets up first (its lines go to stderr, so that stdout
 * is the command's own); in an installed package, there is nothing to set up.
 */
"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");

function main() {
  if (existsSync(join(root, "tsconfig.build.json"))) {
    try {
      require("../tools/setup.js").setup({ print: (line) => process.stderr.write(`${line}\n`) });
    } catch (error) {
      process.stderr.write(`setup: ${error.message}\n`);
      process.exitCode = 3;
      return;
    }
  }
  require("../dist/conformance/cli/main.js");
}

main();

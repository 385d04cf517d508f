/**
 * Builds what is not TypeScript: the agent and the guest program of the adapter for KVM.
 *
 * They need gcc and Linux on x86-64. Where those are missing nothing else is affected: a file beside
 * them says why, in the words that the adapter will use.
 */
"use strict";

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { spawnSync } = require("node:child_process");

const BARE = ["-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie", "-s", "-Wl,--build-id=none,-z,noexecstack"];
const QUIET = [
  "-fno-builtin",
  "-fno-tree-loop-distribute-patterns",
  "-fno-stack-protector",
  "-fcf-protection=none",
  "-fno-asynchronous-unwind-tables",
];

/** What is built from which source, and how. */
const TARGETS = [
  { name: "agent.elf", source: "agent/agent.c", flags: ["-O2", "-Wall", "-Wextra", ...BARE, ...QUIET] },
  { name: "guest.bin", source: "world/guest.S", flags: ["-m32", ...BARE, "-Wl,--oformat=binary,-Ttext=0xd0000000,-e,0"] },
];

const sourceFolder = (root) => path.join(root, "conformance", "linux");
const outputFolder = (root) => path.join(root, "dist", "conformance", "linux");
const stamp = (root) => path.join(root, "dist", ".native");

/** Those whose source is in this checkout. */
function targets(root) {
  return TARGETS.filter(({ source }) => fs.existsSync(path.join(sourceFolder(root), source)));
}

/** The compiler, or undefined where there is none; found without starting anything. */
function compiler() {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  return folders.map((folder) => path.join(folder, "gcc")).find((file) => fs.existsSync(file));
}

/** Changes with everything that the outcome depends on. What is built does not depend on the compiler's staying there. */
function fingerprint(root, outcome) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${JSON.stringify(TARGETS)} ${outcome}\n`);
  for (const { source } of targets(root)) hash.update(fs.readFileSync(path.join(sourceFolder(root), source)));
  return hash.digest("hex");
}

const built = (root) => fingerprint(root, "built");
const notBuilt = (root) => fingerprint(root, `not built by ${compiler()}`);

function isNativeBuilt(root) {
  if (targets(root).length === 0) return true;
  if (!fs.existsSync(stamp(root))) return false;
  return [built(root), notBuilt(root)].includes(fs.readFileSync(stamp(root), "utf8"));
}

/** Builds what can be, and notes why the rest cannot. Never throws for a missing or failing compiler. */
function buildNative(root, print) {
  const folder = outputFolder(root);
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ["missing", ...TARGETS.map((target) => target.name)]) fs.rmSync(path.join(folder, name), { force: true });
  const why = whyNot(root, print);
  if (why !== undefined) fs.writeFileSync(path.join(folder, "missing"), why);
  fs.writeFileSync(stamp(root), why === undefined ? built(root) : notBuilt(root));
}

/** Builds, and answers undefined; or answers why that cannot be. */
function whyNot(root, print) {
  const { platform, arch } = process;
  if (platform !== "linux" || arch !== "x64") return `KVM is driven on Linux on x86-64, and this is ${platform} on ${arch}`;
  const gcc = compiler();
  if (gcc === undefined) return "there is no gcc on PATH to build the agent with: `apt-get install gcc linux-libc-dev` gets one";
  for (const { name, source, flags } of targets(root)) {
    print(`setup: gcc ${source} (changed since the last build)`);
    const file = path.join(outputFolder(root), name);
    const made = spawnSync(gcc, [...flags, "-o", file, path.join(sourceFolder(root), source)], { encoding: "utf8" });
    if (made.status !== 0) return `gcc cannot build ${source}: ${made.error?.message ?? made.stderr.trimEnd()}`;
  }
  return undefined;
}

module.exports = { isNativeBuilt, buildNative };

/**
 * Brings a checkout to the point where the project runs: packages installed, sources compiled.
 *
 * It needs nothing but Node, prints one line for each thing that it does, and is silent, offline
 * and fast when there is nothing to do. Usage: `node tools/setup.js [--no-build]`.
 */
"use strict";

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { spawnSync } = require("node:child_process");
const { buildNative, isNativeBuilt } = require("./native.js");

const LOCK_PATIENCE_MS = 10 * 60 * 1000;

/**
 * Installs and builds what is out of date under `root`; throws an Error with the failed tool's output.
 *
 * @param {{root?: string, build?: boolean, print?: (line: string) => void}} [options]
 */
function setup({ root = path.join(__dirname, ".."), build = true, print = console.log } = {}) {
  const stale = () => !isInstalled(root) || (build && !(isBuilt(root) && isNativeBuilt(root)));
  if (!stale()) return;
  const release = takeLock(path.join(root, ".setup-lock"), print);
  try {
    // Another process may have done all of it while this one waited for the lock.
    if (!isInstalled(root)) install(root, print);
    if (build && !isBuilt(root)) compile(root, print);
    if (build && !isNativeBuilt(root)) buildNative(root, print);
  } finally {
    release();
  }
}

// --- Packages ---------------------------------------------------------------------------------

const installStamp = (root) => path.join(root, "node_modules", ".kvm-conform-installed");

function isInstalled(root) {
  return readOr(installStamp(root), "") === lockFileHash(root);
}

function lockFileHash(root) {
  return createHash("sha256")
    .update(fs.readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
}

function install(root, print) {
  print("setup: npm ci (the lock file changed since the last install)");
  const hash = lockFileHash(root);
  // The compiler is a development package: an inherited NODE_ENV=production must not leave it out.
  run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], root);
  fs.writeFileSync(installStamp(root), hash);
}

// --- Build ------------------------------------------------------------------------------------

const buildStamp = (root) => path.join(root, "dist", ".built");

function isBuilt(root) {
  return readOr(buildStamp(root), "") === fingerprint(root);
}

/**
 * What the compiler would read: names, times and sizes. Times alone would miss a source that was
 * deleted, or replaced by an older one.
 */
function fingerprint(root) {
  const hash = createHash("sha256");
  for (const name of ["package.json", "tsconfig.json", "tsconfig.build.json", ...sources(root)]) {
    const { mtimeMs, size } = fs.statSync(path.join(root, name));
    hash.update(`${name} ${mtimeMs} ${size}\n`);
  }
  return hash.digest("hex");
}

function sources(root) {
  const { include } = JSON.parse(fs.readFileSync(path.join(root, "tsconfig.build.json"), "utf8"));
  const isSource = (name) => name.endsWith(".ts") && !name.endsWith(".test.ts");
  return include.flatMap((folder) => filesBelow(root, folder)).filter(isSource);
}

function compile(root, print) {
  print("setup: tsc -p tsconfig.build.json (sources changed since the last build)");
  const built = fingerprint(root);
  removeOrphans(root, print);
  run(
    process.execPath,
    [path.join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json", "--pretty", "false"],
    root,
  );
  fs.mkdirSync(path.join(root, "dist"), { recursive: true });
  fs.writeFileSync(buildStamp(root), built);
}

/** A compiled file without a source would still be found by `require`, and by the CLI's globs. */
function removeOrphans(root, print) {
  const known = new Set(sources(root));
  const orphans = filesBelow(root, "dist").filter((name) => {
    const [, stem] = /^dist\/(.*)\.(?:js|js\.map|d\.ts)$/.exec(name) ?? [];
    return stem !== undefined && !known.has(`${stem}.ts`);
  });
  for (const name of orphans) fs.rmSync(path.join(root, name));
  if (orphans.length > 0) print(`setup: removed ${orphans.length} compiled files whose source has gone`);
}

// --- One at a time ----------------------------------------------------------------------------

/**
 * Waits until no other process sets up this checkout, and returns the function that lets the next one in.
 *
 * The lock is a folder with one file, named by its owner's process id. It is moved into place
 * whole, which succeeds only where there is no folder or an empty one; so taking the file of a
 * dead owner away frees the lock, and however many do that, one of them gets it.
 */
function takeLock(lock, print) {
  const mine = `${lock}.${process.pid}`;
  fs.mkdirSync(mine, { recursive: true });
  fs.writeFileSync(path.join(mine, String(process.pid)), "");
  const deadline = Date.now() + LOCK_PATIENCE_MS;
  let told = false;
  while (!movedInto(mine, lock)) {
    const owner = ownerOf(lock);
    if (owner === undefined) continue;
    if (!isAlive(owner)) fs.rmSync(path.join(lock, owner), { force: true });
    else if (Date.now() > deadline) {
      fs.rmSync(mine, { recursive: true, force: true });
      throw new Error(`process ${owner} has been setting up for too long; if it is something else by now, remove ${lock}`);
    } else {
      if (!told) print(`setup: waiting for process ${owner}, which is setting up`);
      told = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
  return () => {
    fs.rmSync(path.join(lock, String(process.pid)), { force: true });
    removeIfEmpty(lock);
  };
}

function movedInto(from, to) {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (error) {
    if (error.code === "ENOTEMPTY" || error.code === "EEXIST") return false;
    throw error;
  }
}

/** Leaves the folder alone when the next owner has moved in already, or has removed it. */
function removeIfEmpty(lock) {
  try {
    fs.rmdirSync(lock);
  } catch (error) {
    if (error.code !== "ENOTEMPTY" && error.code !== "ENOENT") throw error;
  }
}

function ownerOf(lock) {
  try {
    return fs.readdirSync(lock)[0];
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// --- Files and processes ----------------------------------------------------------------------

function readOr(file, otherwise) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}

/** The files below a folder, by their paths from `root`, in a fixed order. */
function filesBelow(root, folder) {
  let entries;
  try {
    entries = fs.readdirSync(path.join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, name) : [name];
  });
}

function run(command, args, cwd) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status === 0) return;
  const how = error?.message ?? (signal === null ? `exit code ${status}` : `killed by ${signal}`);
  const shown = [path.basename(command), ...args].join(" ");
  throw new Error(`${shown} failed (${how}):\n${stdout ?? ""}${stderr ?? ""}`);
}

if (require.main === module) {
  try {
    setup({ build: !process.argv.includes("--no-build") });
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
  }
}

module.exports = { setup };

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const REPOSITORY = join(__dirname, "..");
const INSTALLS = "setup: npm ci (the lock file changed since the last install)";
const BUILDS = "setup: tsc -p tsconfig.build.json (sources changed since the last build)";

// Both note that they ran. The npm brings a compiler that writes one output per source, and takes
// long enough for two processes to meet.
const FAKE_TSC = `
const fs = require("node:fs"), path = require("node:path");
fs.appendFileSync("calls", "tsc\\n");
if (fs.existsSync("reference/mistake.ts")) { console.log("reference/mistake.ts(1,1): error TS1: a planted mistake"); process.exit(2); }
for (const folder of ["reference", "conformance/cli"])
  for (const name of fs.readdirSync(folder)) {
    const to = path.join("dist", folder, name.replace(/ts$/, "js"));
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.copyFileSync(path.join(folder, name), to);
  }
`;
const FAKE_NPM = `#!/bin/sh
echo "npm $*" >> calls
[ -e broken ] && { echo "npm error: a planted failure" >&2; exit 7; }
sleep 0.2
mkdir -p node_modules/typescript/bin
cp fake-tsc node_modules/typescript/bin/tsc
`;

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "kvm-conform-setup-"));
  for (const name of ["tools/setup.js", "tools/native.js", "bin/kvm-conform.js", "tsconfig.build.json"]) {
    mkdirSync(dirname(join(clone, name)), { recursive: true });
    copyFileSync(join(REPOSITORY, name), join(clone, name));
  }
  write("package.json", JSON.stringify({ name: "kvm-conform", version: "0.0.0", bin: { "kvm-conform": "bin/kvm-conform.js" } }));
  write("package-lock.json", "{}");
  write("tsconfig.json", "{}");
  write("reference/one.ts", "");
  write("conformance/cli/main.ts", 'console.log("ran", ...process.argv.slice(2));');
  write("fake-tsc", FAKE_TSC);
  write("path/npm", FAKE_NPM, 0o755);
});

afterEach(() => {
  rmSync(clone, { recursive: true, force: true });
});

function write(name: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(clone, name)), { recursive: true });
  writeFileSync(join(clone, name), text, { mode });
}

function env(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _slow, ...rest } = process.env;
  return { ...rest, PATH: `${join(clone, "path")}:${process.env["PATH"] ?? ""}` };
}

function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { cwd: clone, env: env(), encoding: "utf8" });
}

function setup(...args: string[]): string {
  const { status, stdout, stderr } = node("tools/setup.js", ...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.trimEnd();
}

function calls(): string[] {
  return readFileSync(join(clone, "calls"), "utf8").trimEnd().split("\n");
}

test("a clean clone is installed and built, with a line for each", () => {
  expect(setup()).toBe(`${INSTALLS}\n${BUILDS}`);
  expect(existsSync(join(clone, "dist/reference/one.js"))).toBe(true);
  expect(existsSync(join(clone, ".setup-lock"))).toBe(false);
});

test("nothing to do is silent, and runs nothing", () => {
  setup();
  const before = calls();
  expect(setup()).toBe("");
  expect(calls()).toEqual(before);
});

test("a changed lock file is installed, though nothing needs a build", () => {
  setup();
  write("package-lock.json", '{ "changed": true }');
  expect(setup()).toBe(INSTALLS);
});

test("a changed source is built without npm", () => {
  setup();
  write("reference/one.ts", "export {};");
  expect(setup()).toBe(BUILDS);
});

test("a source that was replaced by an older one is built", () => {
  setup();
  utimesSync(join(clone, "reference/one.ts"), 1000, 1000);
  expect(setup()).toBe(BUILDS);
});

test("a changed test file needs no build", () => {
  setup();
  write("reference/one.test.ts", "");
  expect(setup()).toBe("");
});

test("the output of a deleted source is removed", () => {
  setup();
  write("reference/two.ts", "");
  setup();
  rmSync(join(clone, "reference/two.ts"));
  expect(setup()).toBe(`${BUILDS}\nsetup: removed 1 compiled files whose source has gone`);
  expect(existsSync(join(clone, "dist/reference/two.js"))).toBe(false);
  expect(existsSync(join(clone, "dist/reference/one.js"))).toBe(true);
});

test("--no-build installs only", () => {
  expect(setup("--no-build")).toBe(INSTALLS);
  expect(existsSync(join(clone, "dist"))).toBe(false);
});

test("a failing npm is shown with its output, and is tried again the next time", () => {
  write("broken", "");
  const { status, stderr } = node("tools/setup.js");
  expect(status).toBe(1);
  expect(stderr).toMatch(/^setup: npm ci .* failed \(exit code 7\):\nnpm error: a planted failure/);
  rmSync(join(clone, "broken"));
  expect(setup()).toBe(`${INSTALLS}\n${BUILDS}`);
});

test("a failing build is shown with the compiler's output, and is tried again the next time", () => {
  write("reference/mistake.ts", "");
  for (let i = 0; i < 2; i++) {
    const { status, stderr } = node("tools/setup.js");
    expect(status).toBe(1);
    expect(stderr).toContain("reference/mistake.ts(1,1): error TS1: a planted mistake");
  }
});

test("several at once install and build once", async () => {
  const one = () =>
    new Promise<number | null>((done) => {
      spawn(process.execPath, ["tools/setup.js"], { cwd: clone, env: env(), stdio: "ignore" }).on("exit", done);
    });
  expect(await Promise.all([one(), one(), one(), one()])).toEqual([0, 0, 0, 0]);
  expect(calls()).toEqual(["npm ci --include=dev --no-audit --no-fund", "tsc"]);
});

test("the lock of a process that died is taken over", () => {
  const dead = spawnSync("true").pid;
  write(`.setup-lock/${String(dead)}`, "");
  expect(setup()).toBe(`${INSTALLS}\n${BUILDS}`);
});

test("the launcher sets up first and says so on stderr only", () => {
  const { status, stdout, stderr } = node("bin/kvm-conform.js", "run", "x");
  expect(stdout).toBe("ran run x\n");
  expect(stderr).toBe(`${INSTALLS}\n${BUILDS}\n`);
  expect(status).toBe(0);
});

test("the launcher exits with 3 when the set-up fails", () => {
  write("broken", "");
  const { status, stdout, stderr } = node("bin/kvm-conform.js", "run");
  expect(status).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain("npm error: a planted failure");
});

test("the launcher of an installed package sets nothing up", () => {
  setup();
  for (const name of ["tools", "tsconfig.build.json", "conformance"]) rmSync(join(clone, name), { recursive: true });
  const { stdout, stderr } = node("bin/kvm-conform.js", "list");
  expect(stdout).toBe("ran list\n");
  expect(stderr).toBe("");
});

test("npx finds the command in a clean clone, offline", () => {
  const offline = { ...env(), npm_config_offline: "true", npm_config_cache: join(clone, "cache"), npm_config_loglevel: "error" };
  const { stdout, stderr } = spawnSync("npx", ["kvm-conform", "list"], { cwd: clone, env: offline, encoding: "utf8" });
  expect(stderr).toBe(`${INSTALLS}\n${BUILDS}\n`);
  expect(stdout).toBe("ran list\n");
});

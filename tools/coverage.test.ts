import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "..");
const COPIED = [
  ".nycrc.json",
  "jest.config.js",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "tools/coverage.js",
  "tools/sequencer.js",
];

/** One function is called by the test, one by the command that it starts elsewhere, one by nobody. */
const PLANTED = {
  "reference/three.ts": `
export const inProcess = (a: number) => (a > 0 ? 1 : 2);
export const inChild = (a: number) => (a > 0 ? 3 : 4);
export const never = (a: number) => (a > 0 ? 5 : 6);
`,
  "reference/command.ts": 'import { inChild } from "./three";\nconsole.log(inChild(1));\n',
  "reference/three.test.ts": `
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { inProcess } from "./three";
test("both", () => {
  expect(inProcess(1)).toBe(1);
  expect(execFileSync(process.execPath, [join(__dirname, "../dist/reference/command.js")], { cwd: "/", encoding: "utf8" })).toBe("3\\n");
});
`,
};

let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "kvm-conform-coverage-"));
  for (const folder of ["tools", "reference"]) mkdirSync(join(tree, folder));
  for (const name of COPIED) copyFileSync(join(ROOT, name), join(tree, name));
  for (const [name, text] of Object.entries(PLANTED)) writeFileSync(join(tree, name), text);
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
});

afterAll(() => {
  rmSync(tree, { recursive: true, force: true });
});

function run(...args: string[]): void {
  // When this test is itself measured, nyc hooks into every Node that a Node starts, whatever its
  // environment; only a program in between gets rid of the hook.
  const hooks = Object.keys(process.env).filter((name) => /^(?:NODE_OPTIONS|NODE_PRELOAD|NYC_)/.test(name));
  const unset = hooks.flatMap((name) => ["-u", name]);
  const { status, stdout, stderr } = spawnSync("env", [...unset, process.execPath, ...args], { cwd: tree, encoding: "utf8" });
  expect({ status, output: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, output: "" });
}

test("what runs in the test and what runs in its child are counted together, in TypeScript, once", () => {
  run("tools/coverage.js");
  const summary = JSON.parse(readFileSync(join(tree, "coverage/report/coverage-summary.json"), "utf8")) as {
    [file: string]: { functions: { total: number; covered: number }; branches: { total: number; covered: number } };
  };
  const files = Object.entries(summary).map(([name, { functions, branches }]) => [
    name === "total" ? name : name.slice(tree.length + 1),
    `${functions.covered} of ${functions.total} functions`,
    `${branches.covered} of ${branches.total} branches`,
  ]);
  expect(files.sort()).toEqual([
    ["reference/command.ts", "0 of 0 functions", "0 of 0 branches"],
    ["reference/three.ts", "2 of 3 functions", "2 of 6 branches"],
    ["total", "2 of 3 functions", "2 of 6 branches"],
  ]);
}, 60_000);

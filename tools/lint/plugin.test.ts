import { execFileSync } from "node:child_process";
import { join } from "node:path";

const HOUSE = ["house/no-dropped-task", "house/no-impurity", "house/sync-steps-only-in-sync"];
const ASKED = [...HOUSE, "@typescript-eslint/naming-convention", "max-lines", "max-lines-per-function"];

const EXPECTED = {
  "reference/kvm/mmu.ts": ["no-dropped-task", "no-impurity", "sync-steps-only-in-sync", "max-lines", "max-lines-per-function"],
  "reference/sync/mutex.ts": ["no-dropped-task", "no-impurity", "max-lines", "max-lines-per-function"],
  "reference/kvm/mmu.test.ts": ["no-dropped-task"],
  "fixtures/bugs/synic/planted.ts": ["no-dropped-task", "sync-steps-only-in-sync", "max-lines", "max-lines-per-function"],
  "conformance/explore/engine.ts": ["no-impurity", "naming-convention", "max-lines", "max-lines-per-function"],
  "conformance/cli/main.ts": ["naming-convention", "max-lines", "max-lines-per-function"],
  "tools/setup.js": ["max-lines", "max-lines-per-function"],
};

// In a process of its own: eslint imports its configuration, which jest cannot.
const PRINT_RULES = `
const { ESLint } = require("eslint");
const eslint = new ESLint();
Promise.all(process.argv.slice(1).map(async (file) => [file, (await eslint.calculateConfigForFile(file)).rules]))
  .then((entries) => console.log(JSON.stringify(Object.fromEntries(entries))));
`;

test("every folder is under the house rules that are meant for it", () => {
  const args = ["-e", PRINT_RULES, ...Object.keys(EXPECTED)];
  const out = execFileSync(process.execPath, args, { cwd: join(__dirname, "../.."), encoding: "utf8" });
  const applied = Object.entries(JSON.parse(out) as Record<string, Record<string, [severity: number]>>).map(([file, rules]) => {
    const on = ASKED.filter((name) => rules[name]?.[0] === 2);
    return [file, on.map((name) => name.replace(/.*\//, ""))];
  });
  expect(Object.fromEntries(applied)).toEqual(EXPECTED);
});

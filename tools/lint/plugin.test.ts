import { execFileSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");

/** The house rules (and others that stand for house rules) that eslint applies to a file of this name. */
function rulesFor(file: string): string[] {
  const out = execFileSync(process.execPath, ["node_modules/eslint/bin/eslint.js", "--print-config", file], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const { rules } = JSON.parse(out) as { rules: Record<string, [number, ...unknown[]]> };
  const house = ["no-dropped-task", "no-impurity", "sync-steps-only-in-sync"].map((name) => `house/${name}`);
  const asked = [...house, "@typescript-eslint/naming-convention", "max-lines", "max-lines-per-function"];
  return asked.filter((name) => rules[name]?.[0] === 2).map((name) => name.replace(/.*\//, ""));
}

test.each([
  ["reference/kvm/mmu.ts", ["no-dropped-task", "no-impurity", "sync-steps-only-in-sync", "max-lines", "max-lines-per-function"]],
  ["reference/sync/mutex.ts", ["no-dropped-task", "no-impurity", "max-lines", "max-lines-per-function"]],
  ["reference/kvm/mmu.test.ts", ["no-dropped-task"]],
  ["fixtures/bugs/synic/planted.ts", ["no-dropped-task", "sync-steps-only-in-sync", "max-lines", "max-lines-per-function"]],
  ["conformance/explore/engine.ts", ["no-impurity", "naming-convention", "max-lines", "max-lines-per-function"]],
  ["conformance/cli/main.ts", ["naming-convention", "max-lines", "max-lines-per-function"]],
  ["tools/setup.js", ["max-lines", "max-lines-per-function"]],
])("%s is under the rules of its folder", (file, rules) => {
  expect(rulesFor(file)).toEqual(rules);
});

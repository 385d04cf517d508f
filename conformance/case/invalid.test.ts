import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { checkCase } from "./cases";
import { checkIds } from "./ids";
import { loadSpec } from "./load";
import { PROBLEMS } from "./problems";
import { packageRoot } from "./root";
import { checkRuleFile } from "./rules";
import { Source } from "./source";
import { checkTable, checkTableNames } from "./tables";

const root = packageRoot();
const folder = join(root, "spec", "invalid");
const { spec } = loadSpec(root);
const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) => /\.(yaml|lock)$/.test(file)).sort();
const codeOf = (file: string): string => basename(file).slice(0, basename(file).indexOf("-", basename(file).indexOf("-") + 1));

/** Loads one file as what it pretends to be, beside the shipped rest, and gives it back with its problems. */
function loaded(file: string): Source {
  const bytes = readFileSync(join(folder, file));
  const as = (place: string): Source => new Source(place, bytes);
  if (file.startsWith("rules/")) {
    const source = as("spec/rules/vcpuid.yaml");
    checkRuleFile(source, spec);
    return source;
  }
  if (file.startsWith("tables/")) {
    const source = as("spec/table.yaml");
    if (checkTable(source) !== undefined) checkTableNames(source, spec, new Set(spec.rules.keys()));
    return source;
  }
  if (file.startsWith("ids/")) {
    const source = as("spec/ids.lock");
    checkIds(source, new Set(["vcpuid.limit.write-once", "vcpuid/the-limit-is-set-once"]));
    return source;
  }
  const source = as(file.startsWith("cases/") ? `spec/${file}` : file);
  checkCase(source, spec);
  return source;
}

test.each(files)("%s is refused for that, and for nothing else", (file) => {
  const { problems } = loaded(file);
  expect(problems.map(({ code }) => code)).toEqual([codeOf(file)]);
});

test.each(files)("the problem of %s has its place in the file and a line of it", (file) => {
  const { text, problems } = loaded(file);
  for (const { line, column, frame } of problems) {
    const whole = text.split("\n")[line - 1];
    expect(whole?.length).toBeGreaterThanOrEqual(column - 1);
    expect(frame.startsWith(`${String(line)} | `)).toBe(true);
    expect(frame).toMatch(/\^/);
  }
});

test("every problem code is shown by a file", () => {
  expect([...new Set(files.map(codeOf))].sort()).toEqual(Object.keys(PROBLEMS).sort());
});

test("there are at least sixty of them", () => {
  expect(files.length).toBeGreaterThanOrEqual(60);
});

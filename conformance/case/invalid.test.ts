import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSpec, problemsOf } from "./load";
import { PROBLEMS } from "./problems";
import { packageRoot } from "./root";

const root = packageRoot();
const folder = join(root, "spec", "invalid");
const { spec } = loadSpec(root);
const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) => /\.(yaml|lock)$/.test(file)).sort();
/** A file, or the folder that makes its place, is named after its problem: CASE-012-unknown-call.yaml. */
const codeOf = (file: string): string => /^[A-Z]+-\d+/.exec(file)?.[0] ?? "";

test.each(files)("%s is refused for that, and for nothing else", (file) => {
  expect(problemsOf(join(folder, file), spec).map(({ code }) => code)).toEqual([codeOf(file)]);
});

test.each(files)("the problem of %s has its place in the file and a line of it", (file) => {
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  for (const { line, column, frame } of problemsOf(join(folder, file), spec)) {
    expect(lines[line - 1]?.length).toBeGreaterThanOrEqual(column - 1);
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

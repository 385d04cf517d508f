import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCaseFile, loadSpec } from "./load";
import { packageRoot } from "./root";

const { spec, problems, files } = loadSpec(packageRoot());
const OWN = `
case: own/a-limit-of-two
about: A case of one's own, beside the shipped ones.
rules: [vcpuid.limit.write-once]
given: { backend: none }
calls:
  - { do: vm.enable_cap, cap: MAX_VCPU_ID, value: 2, returns: ok }
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kvm-conform-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("the shipped spec loads without a problem", () => {
  expect(problems).toEqual([]);
  expect(spec.cases.size).toBeGreaterThan(0);
  expect(spec.rules.size).toBeGreaterThan(0);
});

test("each case and rule knows its file", () => {
  for (const { file } of [...spec.cases.values(), ...spec.rules.values()]) expect(files).toContain(file);
});

test("a case of one's own loads beside the shipped ones", () => {
  const file = join(folder, "own.yaml");
  writeFileSync(file, OWN);
  const loaded = loadCaseFile(file, spec);
  expect(loaded.problems).toEqual([]);
  expect(loaded.case).toMatchObject({ case: "own/a-limit-of-two", file });
});

test("a case that is wrong is not given out", () => {
  const file = join(folder, "wrong.yaml");
  writeFileSync(file, OWN.replace("ok", "EPERM"));
  const loaded = loadCaseFile(file, spec);
  expect(loaded.problems.map(({ code }) => code)).toEqual(["CASE-034"]);
  expect(loaded.case).toBeUndefined();
});

test("the root of the package is found from below it, and from nowhere else", () => {
  expect(packageRoot(__dirname)).toBe(packageRoot());
  expect(() => packageRoot(folder)).toThrow("not inside the package kvm-conform");
});

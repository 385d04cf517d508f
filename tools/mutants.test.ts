/** The command, as `npm run mutants` starts it. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Spec } from "../conformance/case/spec";
import { spec } from "./shipped";

const ROOT = join(__dirname, "..");

function mutants(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(__dirname, "mutants.js"), ...args], { encoding: "utf8" });
}

const changes = (): string => execFileSync("git", ["status", "--porcelain"], { cwd: ROOT, encoding: "utf8" });

test("a file's mutants meet the cases, the same ones in any number of threads, and no file changes", () => {
  const before = changes();
  const args = ["--area", "vcpuid", "--file", "reference/kvm/boot_cpu.ts", "--json"];
  const [one, two] = [mutants(...args), mutants(...args, "--jobs", "2")];
  const { areas, all } = JSON.parse(one.stdout) as { areas: string[]; all: { made: number; claim: number; survived: number } };
  expect(areas).toEqual(["vcpuid"]);
  expect(all.made).toBeGreaterThan(20);
  expect(all.claim / all.made).toBeGreaterThan(0.8);
  expect(one.status).toBe(all.survived > 0 ? 1 : 0);
  expect(two).toMatchObject({ stdout: one.stdout, status: one.status });
  expect(changes()).toBe(before);
}, 120_000);

test("what cannot be had ends with its reason", () => {
  const { status, stdout, stderr } = mutants("--area", "vcpuids");
  expect(stderr).toMatch(/^mutants: there is no area vcpuids: .*vcpuid/);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
}, 30_000);

interface Mutant {
  operation: string;
}
const { asked, ownedBy } = jest.requireActual<{
  asked: (args: readonly string[], spec: Spec, sources: readonly object[]) => object;
  ownedBy: (areas: readonly string[], source: { file: string; text: string }) => (mutant: Mutant) => boolean;
}>("./mutants");
const { Answers } = jest.requireActual<{ Answers: new (trees: readonly object[]) => object }>("./mutants/tree");
const { mutantsOf } = jest.requireActual<{ mutantsOf: (file: string, text: string, answers: object) => Mutant[] }>("./mutants/mutate");
const { sourcesOf } = jest.requireActual<{ sourcesOf: (root: string) => { file: string }[] }>("./mutants/engine");

test.each([
  [[], /^no --area is given: .*vcpuid/],
  [["--area", "vcpuid", "--file", "reference/kvm/run.ts"], /^reference\/kvm\/run.ts marks no rule of vcpuid; these do: reference\/kvm/],
  [["--area", "vcpuid", "--jobs", "0"], /^--jobs is a number/],
  [["--areas", "vcpuid"], /^Unknown option/],
])("%p cannot be meant", (args, message) => {
  expect(() => asked(args, spec, sourcesOf(ROOT))).toThrow(message);
});

test("an area's mutants are those of the operations that mark its rules, and of those that mark none where its file is", () => {
  const operation = (name: string, marks: readonly string[]): string =>
    `*${name}(): Task<void> { ${marks.map((id) => `rule("${id}");`).join(" ")} yield* mutex.lock(a); }`;
  const operations = [operation("both", ["lock.a.b", "xen.a.b"]), operation("ours", ["lock.a.b"]), operation("none", [])];
  const inFile = (more: string): Set<string> => {
    const source = { file: "reference/x.ts", text: `ops("x", { ${[...operations, more].join(", ")} });` };
    const made = mutantsOf(source.file, source.text, new Answers([]));
    return new Set(made.filter(ownedBy(["lock"], source)).map(({ operation }) => operation));
  };
  expect(inFile(operation("more", ["lock.a.c"]))).toEqual(new Set(["x.both", "x.ours", "x.none", "x.more"]));
  expect(inFile(operation("theirs", ["xen.a.b", "xen.a.c"]))).toEqual(new Set(["x.both", "x.ours"]));
});

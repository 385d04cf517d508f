/** A reference in which one file is a toy, and a case that is weak on purpose: what becomes of the toy's mutants. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadSpec } from "../../conformance/case/load";
import { packageRoot } from "../../conformance/case/root";
import type { FiledCase } from "../../conformance/case/spec";
import { judge } from "../../conformance/verdict/judge";

interface Mutant {
  readonly operation: string;
  readonly mutation: string;
  readonly marks: readonly string[];
}
interface Outcome {
  readonly by: string;
  readonly case?: string;
  readonly rule?: string;
  readonly what?: string;
}
interface Bench {
  measure(cases: readonly unknown[]): readonly unknown[];
}
const { Bench } = jest.requireActual<{ Bench: new (engine: object, read: (file: string) => string) => Bench }>("./bench");
const { casesFor, meet } = jest.requireActual<{
  casesFor: (mutant: Mutant, measured: readonly unknown[], areas: readonly string[]) => readonly unknown[];
  meet: (mutant: Mutant, cases: readonly unknown[], bench: Bench) => Outcome;
}>("./meet");
const { mutantsOf } = jest.requireActual<{ mutantsOf: (file: string, text: string, answers: unknown) => Mutant[] }>("./mutate");
const { Answers } = jest.requireActual<{ Answers: new (trees: readonly unknown[]) => unknown }>("./tree");

const ROOT = packageRoot();
const TOY = "reference/kvm/capabilities.ts";

/** The limit can be set as often as one likes, up to 100, and a loop does nothing three times. */
const TEXT = `
import { ops, rule, type Task } from "../task";
import type { Kvm, Result } from "./types";
export const capabilities = ops("capabilities", {
  *kvm_vm_ioctl_enable_cap({ limit }: Kvm, cap: string, value: bigint): Task<Result> {
    rule("vcpuid.limit.write-once");
    if (value > 100n) return "EINVAL";
    let left = 3;
    while (left !== 0) left--;
    yield limit.set;
    limit.max_vcpu_ids.now = Number(value);
    return "ok";
  },
  *never_called({ limit }: Kvm): Task<void> {
    yield limit.set;
  },
});
`;

/** Knows nothing of the values near 100. */
const WEAK: FiledCase = {
  case: "mine/the-limit-is-somewhere-below-200",
  about: "A limit is taken, one far too high is refused.",
  rules: ["vcpuid.limit.write-once"],
  given: { backend: "none" },
  calls: [
    { do: "vm.enable_cap", cap: "MAX_VCPU_ID", value: 5, returns: "ok" },
    { do: "vm.enable_cap", cap: "MAX_VCPU_ID", value: 200, returns: "EINVAL" },
  ],
  finally: [{ "vm.max_vcpu_ids": 5 }],
  file: "mine.yaml",
};

const met = new Map<string, { readonly cases: number; readonly outcome: Outcome }>();
const modified = (): number => statSync(join(ROOT, TOY)).mtimeMs;
const before = modified();

beforeAll(() => {
  const engine = { spec: { ...loadSpec(ROOT).spec, cases: new Map([[WEAK.case, WEAK]]) }, judge };
  const bench = new Bench(engine, (file) => (file === TOY ? TEXT : readFileSync(join(ROOT, file), "utf8")));
  const measured = bench.measure([WEAK]);
  for (const mutant of mutantsOf(TOY, TEXT, new Answers([]))) {
    const cases = casesFor(mutant, measured, ["mine"]);
    met.set(`${mutant.operation} ${mutant.mutation}`, { cases: cases.length, outcome: meet(mutant, cases, bench) });
  }
}, 60_000);

/** What became of a mutation of the operation that the case calls. */
const outcomeOf = (mutation: string) => met.get(`capabilities.kvm_vm_ioctl_enable_cap ${mutation}`)?.outcome;

test("what is wrong where the case looks is caught, by a claim with its rule", () => {
  expect(outcomeOf("drop if (value > 100n) ...")).toMatchObject({
    by: "claim",
    case: "mine/the-limit-is-somewhere-below-200",
    rule: "vcpuid.limit.write-once",
    kind: "returned",
    what: 'P0: vm.enable_cap returned "ok"',
  });
  expect(outcomeOf("drop limit.max_vcpu_ids.now = Number(value)")).toMatchObject({ by: "claim", kind: "finally" });
});

test("what is wrong where the case does not look survives", () => {
  expect(outcomeOf("value > 100n -> value >= 100n")).toEqual({ by: "nothing" });
  expect(outcomeOf("100n -> 101n in value > 100n")).toEqual({ by: "nothing" });
});

test("a loop without an end is ended", () => {
  expect(outcomeOf("drop left--")).toMatchObject({ by: "unfinished", what: "a loop went round 100000 times" });
});

test("a step that is not announced is seen by the honesty check alone", () => {
  expect(outcomeOf("drop yield limit.set")).toMatchObject({ by: "dishonest" });
});

test("an operation that no case enters meets none, and its mutants survive", () => {
  expect(met.get("capabilities.never_called drop yield limit.set")).toEqual({ cases: 0, outcome: { by: "nothing" } });
});

test("the cases of a rule that the operation marks count, whatever their area", () => {
  const mutant = { operation: "a.b", mutation: "", marks: ["vcpuid.limit.write-once"] };
  const measured = { case: "lock/x", rules: ["vcpuid.limit.write-once"], entered: ["a.b"], spent: { case: 1 } };
  expect(casesFor(mutant, [measured, { ...measured, entered: [] }, { ...measured, rules: [] }], ["mine"])).toEqual([measured]);
});

test("each case enters the operations that build its world, though the one before was given the same", () => {
  const bench = new Bench({ spec: loadSpec(ROOT).spec, judge }, (file) => readFileSync(join(ROOT, file), "utf8"));
  const calls = [{ do: "vm.enable_cap", cap: "MAX_VCPU_ID", value: 200, returns: "EINVAL" }];
  const what = { ...WEAK, given: { backend: "none", vcpus: 1 }, calls, finally: [{ "vm.online_vcpus": 1 }] };
  const measured = bench.measure([what, what, what]) as readonly { readonly entered: readonly string[] }[];
  expect(measured.map(({ entered }) => entered.includes("create_vcpu.publish"))).toEqual([true, true, true]);
});

test("a mutant that is no program is not judged", () => {
  const bench = new Bench({ spec: loadSpec(ROOT).spec, judge }, (file) => readFileSync(join(ROOT, file), "utf8"));
  expect(meet({ file: TOY, text: "ops(" } as never, [], bench)).toMatchObject({ by: "unloadable" });
});

test("nothing on disk is touched", () => {
  expect(modified()).toBe(before);
});

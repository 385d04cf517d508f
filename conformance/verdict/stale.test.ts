/** What the ledger and the versions of rules lead one to expect of a kernel, with a toy that says it is one. */
import kvm from "../../fixtures/faux/kvm-6.12";
import type { Disagreement, HelloReply, RuleId } from "../../spec/generated/types";
import { holdHere } from "../adapter/door";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import type { Spec } from "../case/spec";
import { judge } from "./judge";
import { staleExpectations } from "./stale";
import type { Verdict } from "./verdict";

const { spec } = loadSpec(packageRoot());
const door = kvm.door();
const HELLO = door({ op: "hello", protocol: 1, runner: "test" }) as HelloReply;
/** The toy lets the limit itself be an id; and a limit that is set, it keeps. */
const [BROKEN, BROKEN_IN] = ["vcpuid.limit.exclusive", "vcpuid/the-limit-itself-is-no-id"] as const;
const [KEPT, KEPT_IN] = ["vcpuid.limit.write-once", "vcpuid/the-limit-is-set-once"] as const;

const entry = (parts: Partial<Disagreement>): Disagreement => ({
  rule: BROKEN,
  kernel: ">=v6.12",
  observed: "the limit is an id",
  shown_by: "CREATE_VCPU(2) gives an fd",
  judgement: "kernel-bug",
  about: "An off-by-one.",
  ...parts,
});

/** The spec with these entries in its ledger, and these versions in its rules. */
function withLedger(entries: readonly Disagreement[], fixed: Partial<Record<RuleId, string>> = {}): Spec {
  const disagreements = entries.map((each, i) => ({ ...each, place: `ledger:${i + 1}` }));
  const rules = new Map([...spec.rules].map(([id, rule]) => [id, { ...rule, ...(id in fixed && { fixed: fixed[rule.rule] ?? "" }) }]));
  return { ...spec, rules, disagreements };
}

function judged(known: Spec, id: string, hello = HELLO): Verdict {
  const what = known.cases.get(id);
  if (what === undefined) throw new Error(`there is no case ${id}`);
  return holdHere(judge(what, known, hello), door);
}

/** What turns out not to be as expected when all cases of both rules are judged. */
function stale(known: Spec, hello = HELLO, left: readonly string[] = []): string[] {
  const cases = [...known.cases.values()].filter(({ rules }) => rules.includes(BROKEN) || rules.includes(KEPT));
  const verdicts = cases.filter((each) => !left.includes(each.case)).map((each) => judged(known, each.case, hello));
  return staleExpectations(known, hello, verdicts);
}

test("a difference that the ledger tells of is expected, and names the entry", () => {
  const known = withLedger([entry({})]);
  const verdict = judged(known, BROKEN_IN);
  expect(verdict).toMatchObject({ verdict: "broken", expected: true, differs: [{ judgement: "kernel-bug", place: "ledger:1" }] });
  expect(stale(known)).toEqual([]);
});

test.each<[string, Partial<Disagreement>, Partial<HelloReply>]>([
  ["about another rule", { rule: KEPT }, {}],
  ["about another case", { case: KEPT_IN }, {}],
  ["about older kernels", { kernel: "<v6.12" }, {}],
  ["about another machine", { on: ["qemu", "avic"] }, {}],
  ["that the model was mended after", { judgement: "model-fixed" }, {}],
  ["about a version, of a kernel that does not say its own", {}, { kernel: undefined }],
  ["about kernels, of what is none", {}, { kind: "vmm" }],
  ["about traits, of a kernel that has none", { on: ["svm"] }, { traits: undefined }],
])("an entry %s excuses nobody", (_, parts, says) => {
  const verdict = judged(withLedger([entry(parts)]), BROKEN_IN, { ...HELLO, ...says });
  expect(verdict).toMatchObject({ verdict: "broken", expected: false });
  expect(verdict.differs).toBeUndefined();
});

test("an entry for these very traits, in whatever order, is about this kernel", () => {
  expect(judged(withLedger([entry({ on: ["svm", "qemu"] })]), BROKEN_IN).expected).toBe(true);
});

test("an entry whose kernel has come to agree is stale", () => {
  const text = `ledger:1 says of ${KEPT} "the limit is an id"; but v6.12 keeps it, as is expected without the entry: mend or remove it`;
  expect(stale(withLedger([entry({ rule: KEPT })]))).toEqual([text]);
  expect(stale(withLedger([entry({ rule: KEPT, case: KEPT_IN })]))).toEqual([text]);
});

test.each<[string, Partial<Disagreement>, readonly string[]]>([
  ["is about another kernel", { kernel: "<v6.12" }, []],
  ["is about a case that was not judged", { case: KEPT_IN }, [KEPT_IN]],
  ["is about a rule of which a case was not judged", {}, [KEPT_IN]],
  ["is about a rule that nothing here can show", { rule: "xenrs.state.time-accounted" as RuleId }, []],
])("an entry that %s is not called stale", (_, parts, left) => {
  expect(stale(withLedger([entry({ rule: KEPT, ...parts })]), HELLO, left)).toEqual([]);
});

test("an entry about a case that breaks in another rule first is not called stale: nobody can tell", () => {
  const known = withLedger([entry({ rule: KEPT, case: BROKEN_IN })]);
  expect(staleExpectations(known, HELLO, [judged(known, BROKEN_IN)])).toEqual([]);
});

test("an older kernel breaks what was fixed later, and nothing is stale", () => {
  const known = withLedger([], { [BROKEN]: "v6.13" });
  expect(judged(known, BROKEN_IN)).toMatchObject({ verdict: "broken", expected: true });
  expect(stale(known)).toEqual([]);
});

test("an older kernel that keeps what was fixed later is told of, unless the ledger says so", () => {
  const fixed = { [KEPT]: "v6.13" } as const;
  const text = `${KEPT} says \`fixed: v6.13\`; but v6.12 keeps it: mend the version, or add an entry to the ledger`;
  expect(stale(withLedger([], fixed))).toEqual([text]);
  expect(stale(withLedger([], fixed), { ...HELLO, kernel: "v6.13" })).toEqual([]);
  expect(stale(withLedger([entry({ rule: KEPT, judgement: "version", observed: "it was fixed in a stable release" })], fixed))).toEqual([]);
});

test("an entry about a fix that came early is stale where the kernel breaks the rule after all", () => {
  const known = withLedger([entry({ judgement: "version", observed: "it was fixed in a stable release" })], { [BROKEN]: "v6.13" });
  expect(stale(known)).toEqual([
    `ledger:1 says of ${BROKEN} "it was fixed in a stable release"; but v6.12 breaks it, as is expected without the entry: mend or remove it`,
  ]);
});

test("what a claim that is not seen could show, no older kernel is said to keep", () => {
  const known = withLedger([], { [KEPT]: "v6.13" });
  expect(stale(known, { ...HELLO, reads: [] })).toEqual([]);
});

test("what a race does not show this time is not called stale", () => {
  const what = "vcpuid/one-id-wanted-twice-is-had-once";
  const known = withLedger([entry({ rule: "vcpuid.id.duplicate-refused", case: what })]);
  expect(staleExpectations(known, HELLO, [judged(known, what)])).toEqual([]);
  expect(staleExpectations(known, HELLO, [judged(known, what, { ...HELLO, control: "call" })])).toHaveLength(1);
});

test("a model of an older kernel need not have every mistake of it", () => {
  expect(stale(withLedger([], { [KEPT]: "v6.13" }), { ...HELLO, kind: "model" })).toEqual([]);
});

import type { Judged, Log } from "../conformance/report/events";
import type { Case } from "../spec/generated/types";
import { broken, failure, HEADER, RULE, verdict, VIOLATION } from "../tools/verdicts";
import { inWords, isHeld, onRealKernels, standingOf } from "./standings";

const OTHER = "synic.sint.vector-min" as const;
const ENTRY = { rule: RULE, observed: "it did", shown_by: "a trace", judgement: "kernel-bug", about: "A bug.", place: "ledger:1" } as const;
const UNSEEN = { claims: 0, of: 2, rules: { [RULE]: { claims: 0, of: 2 } }, unseen: ["does not show apicv.inhibits"] };
const HOLDS = verdict();
const BROKEN = broken();
const OTHERWISE = broken({ failure: failure({ violations: [{ ...VIOLATION, rule: OTHER }] }), rules: [RULE, OTHER] });
const UNCLAIMED = verdict({ verdict: "unclaimed", reason: "does not claim apicv (KVM_CAP_X is 0)", how: undefined });
const CRASHED = verdict({ verdict: "crashed", reason: "SIGKILL" });
const UNTESTABLE = verdict({ verdict: "untestable", reason: "does not have the call guest.nop", seen: UNSEEN });

function log(verdicts: readonly Judged[], kernel?: string): Log {
  return {
    header: { ...HEADER, hello: { ...HEADER.hello, kind: "kvm", ...(kernel !== undefined && { kernel }) } },
    verdicts,
    footer: undefined,
  };
}

test.each<[string, string, Judged[]]>([
  ["held", "holds with a claim of it seen, whatever else cannot be shown", [UNTESTABLE, HOLDS, UNCLAIMED]],
  ["broken", "is broken in one case", [HOLDS, BROKEN]],
  ["differs", "is broken as the ledger says", [HOLDS, broken({ expected: true, differs: [ENTRY] })]],
  ["older", "is broken as its version says", [broken({ expected: true })]],
  [
    "broken",
    "is broken as the ledger says in one case, and unexpectedly in another",
    [broken({ expected: true, differs: [ENTRY] }), BROKEN],
  ],
  ["crashed", "has a case that crashed, though another holds", [HOLDS, CRASHED]],
  ["unseen", "holds where none of its claims is seen", [verdict({ seen: UNSEEN })]],
  ["unseen", "shares its only case with a rule that broke first", [OTHERWISE]],
  ["unseen", "is untestable in one case and unclaimed in another", [UNTESTABLE, UNCLAIMED]],
  ["unclaimed", "is claimed in no case", [UNCLAIMED]],
  ["not asked", "has no case that was judged", []],
])("a rule stands as %s where it %s", (standing, _, verdicts) => {
  expect(standingOf(RULE, log(verdicts))).toBe(standing);
});

const CASE: Case = { case: "apicv/some-finding", about: "It.", rules: [RULE], given: { backend: "svm" } };

test("versions are gathered by what they came to, in their order and once each", () => {
  const logs = [
    log([HOLDS], "v6.18"),
    log([HOLDS], "v6.9"),
    log([HOLDS], "v6.18"),
    log([broken({ expected: true })], "v6.1"),
    log([UNCLAIMED], "v6.2"),
  ];
  expect(inWords(onRealKernels(RULE, [CASE], logs))).toBe("older 6.1; held 6.9, 6.18");
  expect(isHeld(onRealKernels(RULE, [CASE], logs))).toBe(true);
});

test("a rule that some kernel broke unexpectedly is not held", () => {
  expect(isHeld(onRealKernels(RULE, [CASE], [log([HOLDS], "v6.18"), log([BROKEN], "v6.12")]))).toBe(false);
  expect(isHeld(onRealKernels(RULE, [CASE], [log([HOLDS], "v6.18"), log([CRASHED], "v6.12")]))).toBe(false);
  expect(isHeld(onRealKernels(RULE, [CASE], [log([UNCLAIMED], "v6.18")]))).toBe(false);
});

test.each<[string, Case[], Log[]]>([
  ["not run here", [CASE], []],
  ["not run here", [CASE], [log([], "v6.12")]],
  ["not in reach (VMX)", [{ ...CASE, given: { backend: "vmx" } }], [log([UNCLAIMED], "v6.12")]],
  ["not in reach (apicv)", [CASE, { ...CASE, given: { backend: "vmx" } }], [log([UNCLAIMED], "v6.12")]],
  ["not in reach (no call guest.nop)", [CASE], [log([UNTESTABLE], "v6.12")]],
  ["not in reach (no apicv.inhibits)", [CASE], [log([verdict({ seen: UNSEEN })], "v6.12")]],
  [
    "not in reach (this kernel has no module param…)",
    [CASE],
    [log([{ ...UNTESTABLE, reason: "this kernel has no module parameter enable_apicv" }])],
  ],
])("nobody that could be asked: %s", (words, cases, logs) => {
  expect(inWords(onRealKernels(RULE, cases, logs))).toBe(words);
});

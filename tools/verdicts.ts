/** Verdicts made by hand: for tests of what is made from verdicts. */
import type { Header, Judged } from "../conformance/report/events";
import type { Row } from "../conformance/explore/row";
import type { Violation } from "../conformance/explore/violation";
import type { Failure } from "../conformance/verdict/verdict";
import type { RuleId } from "../spec/generated/types";

export const HEADER: Header = {
  type: "header",
  format: 1,
  runner: "kvm-conform",
  adapter: "reference",
  hello: { name: "reference", version: "1", kind: "model", control: "step", limits: {} },
  selected: 2,
};

export const RULE: RuleId = "apicv.inhibit.kick-first";

/** A case that holds after three runs; `parts` replaces what a test is about. */
export function verdict(parts: Partial<Judged> = {}): Judged {
  return {
    type: "verdict",
    case: "apicv/some-finding",
    rules: [RULE],
    verdict: "holds",
    reason: undefined,
    expected: false,
    seen: { claims: 2, of: 2, rules: { [RULE]: { claims: 2, of: 2 } }, unseen: [] },
    marks: [RULE],
    nested: [],
    findings: [],
    how: {
      strategy: "sleep sets",
      control: "step",
      covered: "every schedule",
      runs: 3,
      redundant: 1,
      steps: 40,
      ends: 1,
      deadlocks: 0,
      retries: false,
    },
    failure: undefined,
    seconds: 0.25,
    ...parts,
  };
}

export const VIOLATION: Violation = {
  kind: "always",
  rule: RULE,
  claim: 0,
  text: "not vcpu.0.apicv_active",
  what: "vcpu.0.apicv_active is true",
  step: 3,
};

/** One step of a trace. */
export function row(n: number, thread: string, objects: readonly string[], parts: Partial<Row> = {}): Row {
  return { n, thread, path: ["apicv.set_inhibit"], kind: "store", objects, event: undefined, note: "", ...parts };
}

export function failure(parts: Partial<Failure> = {}): Failure {
  return {
    violations: [VIOLATION],
    run: 1,
    schedule: "011",
    threads: ["P0", "P1"],
    trace: [row(1, "P0", ["inhibits"]), row(2, "P1", ["inhibits"]), row(3, "P1", ["vcpu.1.mode"], { note: "vcpu.0.apicv_active = true" })],
    ...parts,
  };
}

export function broken(parts: Partial<Judged> = {}): Judged {
  return verdict({ verdict: "broken", failure: failure(), ...parts });
}

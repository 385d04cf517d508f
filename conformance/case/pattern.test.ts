import type { Claim, Value } from "../../spec/generated/types";
import { compile, type State } from "./pattern";

type Values = Readonly<Record<string, Value>>;

function state(now: Values, before: Values = {}): State {
  return { now: (read) => now[read], before: (read) => before[read] };
}

function holds(claim: Claim, now: Values, before?: Values): boolean {
  return compile(claim, { max_vcpu_id: 4096 }).at("").holds(state(now, before));
}

const inhibited: Claim = {
  rule: "vcpuid.limit.write-once",
  if: { "apicv.inhibited": true, "vcpu.*.in_guest": true },
  then: { "vcpu.*.apicv_active": false },
};

test("a star binds one instance in the premise and in the conclusion", () => {
  const claim = compile(inhibited, {});
  expect(claim.starred).toBe(true);
  expect(claim.reads).toEqual(["apicv.inhibited", "vcpu.*.in_guest", "vcpu.*.apicv_active"]);

  const now = state({
    "apicv.inhibited": true,
    "vcpu.0.in_guest": true,
    "vcpu.0.apicv_active": false,
    "vcpu.1.in_guest": true,
    "vcpu.1.apicv_active": true,
  });
  expect(claim.at("0").holds(now)).toBe(true);
  expect(claim.at("1").holds(now)).toBe(false);
  expect(claim.at("1").text).toBe("if apicv.inhibited and vcpu.1.in_guest then not vcpu.1.apicv_active");
  expect(claim.at("1").complaints(now)).toEqual(["vcpu.1.apicv_active is true"]);
});

test("an implication whose premise does not hold does not apply, and holds", () => {
  const now = state({ "apicv.inhibited": false, "vcpu.0.in_guest": true, "vcpu.0.apicv_active": true });
  const claim = compile(inhibited, {}).at("0");
  expect(claim.applies(now)).toBe(false);
  expect(claim.holds(now)).toBe(true);
});

test("a number and its hex string are one value", () => {
  expect(holds({ "a.b": "0x10" }, { "a.b": 16 })).toBe(true);
  expect(holds({ "a.b": 16 }, { "a.b": "0x0010" })).toBe(true);
  expect(holds({ "a.b": "0x10" }, { "a.b": "0x11" })).toBe(false);
  expect(holds({ "a.b": [1, "0x2"] }, { "a.b": ["0x1", 2] })).toBe(true);
  expect(holds({ "a.b": [1, 2] }, { "a.b": [2, 1] })).toBe(false);
});

test.each<[Claim, Values, Values | undefined, boolean]>([
  [{ "a.b": { at_least: 2 } }, { "a.b": 2 }, undefined, true],
  [{ "a.b": { at_least: 2 } }, { "a.b": 1 }, undefined, false],
  [{ "a.b": { at_least: 1, at_most: 3 } }, { "a.b": "0x4" }, undefined, false],
  [{ "a.b": { one_of: ["x", { at_least: 7 }] } }, { "a.b": 8 }, undefined, true],
  [{ "a.b": { one_of: ["x", { at_least: 7 }] } }, { "a.b": "y" }, undefined, false],
  [{ "a.b": { not: "x" } }, { "a.b": "y" }, undefined, true],
  [{ "a.b": { not: "x" } }, { "a.b": "x" }, undefined, false],
  [{ "a.b": { same_as: "a.c" } }, { "a.b": 3, "a.c": "0x3" }, undefined, true],
  [{ "a.b": { same_as: "a.c" } }, { "a.b": 3, "a.c": 4 }, undefined, false],
  [{ "a.b": { bits: { mask: "0xf000000000000001", value: "0x8000000000000001" } } }, { "a.b": "0x8000000000000003" }, undefined, true],
  [{ "a.b": { bits: { mask: "0x3", value: "0x1" } } }, { "a.b": "0x3" }, undefined, false],
  [{ "a.b": { limit: "max_vcpu_id", plus: 1 } }, { "a.b": 4097 }, undefined, true],
  [{ "a.b": { limit: "max_vcpu_id" } }, { "a.b": 4097 }, undefined, false],
  [{ "a.b": { becomes: 2 } }, { "a.b": 2 }, { "a.b": 1 }, true],
  [{ "a.b": { becomes: 2 } }, { "a.b": 2 }, { "a.b": 2 }, false],
  [{ "a.b": { was: 1 } }, { "a.b": 2 }, { "a.b": 1 }, true],
  [{ "a.b": { was: 1 } }, { "a.b": 1 }, { "a.b": 2 }, false],
  [{ "a.b": { changes: true } }, { "a.b": 2 }, { "a.b": 1 }, true],
  [{ "a.b": { changes: false } }, { "a.b": 2 }, { "a.b": 1 }, false],
  [{ "a.b": { changes: false } }, { "a.b": 2 }, undefined, true],
  [{ "a.b": { never_loses: true } }, { "a.b": "0x7" }, { "a.b": "0x5" }, true],
  [{ "a.b": { never_loses: true } }, { "a.b": "0x6" }, { "a.b": "0x5" }, false],
  [{ any_of: [{ "a.b": 1 }, { "a.c": 2 }] }, { "a.b": 0, "a.c": 2 }, undefined, true],
  [{ any_of: [{ "a.b": 1 }, { "a.c": 2 }] }, { "a.b": 0, "a.c": 0 }, undefined, false],
])("%j on %j (before: %j) is %s", (claim, now, before, expected) => {
  expect(holds(claim, now, before)).toBe(expected);
});

test("a complaint shows what was seen, and before if the claim looks back", () => {
  const claim = compile({ "a.b": { never_loses: true } }, {}).at("");
  expect(claim.text).toBe("a.b loses no bit");
  expect(claim.complaints(state({ "a.b": "0x6" }, { "a.b": "0x5" }))).toEqual(["a.b is 0x6 and was 0x5"]);
});

test("a claim about a limit that is not reported is refused with its name", () => {
  expect(() => compile({ "a.b": { limit: "max_vcpus" } }, {})).toThrow("the limit max_vcpus");
});

test("locks are collected wherever the claim names them", () => {
  const claim = compile({ unlocked: "kvm_lock", if: { "a.b": 1, unlocked: "mmu_lock" }, then: { "a.c": 1 } }, {});
  expect(claim.unlocked).toEqual(["kvm_lock", "mmu_lock"]);
});

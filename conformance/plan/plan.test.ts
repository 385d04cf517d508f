import type { Case, HelloReply, Rule } from "../../spec/generated/types";
import type { Spec } from "../case/spec";
import { compareVersions } from "../case/versions";
import { looksInside, plan, type Plan } from "./plan";
import { plannedRead } from "./sights";
import { askedOf } from "./versions";

const RULE = "vcpuid.limit.write-once";
const feature = "vcpu";
const spec = {
  rules: new Map([[RULE, { rule: RULE, feature }]]),
  calls: new Map([
    ["vm.enable_cap", { about: "", feature, args: { cap: { enum: ["SINT0"] }, value: { $ref: "#/$defs/u64" } } }],
    ["guest.nop", { about: "", feature }],
  ]),
  reads: new Map([
    ["vcpu.*.mode", { about: "", feature, type: {}, of: ["vcpu.*.mode"] }],
    ["vm.count", { about: "", feature, type: {}, of: ["kvm_lock"] }],
  ]),
  events: new Map(),
  locks: new Map([["kvm_lock", { about: "", kind: "mutex" }]]),
  symbols: new Map([["SINT0", "0x40000090"]]),
  limits: new Map(),
  features: new Map(),
  forbidden: [],
  cases: new Map(),
} as unknown as Spec;
const hello: HelloReply = {
  protocol: 1,
  name: "x",
  version: "1",
  kind: "model",
  control: "step",
  features: [feature],
  calls: ["vm.enable_cap", "guest.nop"],
  reads: ["vcpu.*.mode"],
  limits: { max_vcpu_id: 64 },
};
const one: Case = { case: "vcpuid/x", about: "", rules: [RULE], given: { backend: "none" }, calls: [{ do: "guest.nop", returns: "ok" }] };

test("limits and symbols are numbers by the time they are sent, and only where numbers are meant", () => {
  const calls = [{ do: "vm.enable_cap" as const, cap: "SINT0", value: { limit: "max_vcpu_id", plus: 1 }, returns: "ok" }];
  expect(plan({ ...one, calls }, spec, hello)).toMatchObject({ threads: [{ calls: [{ args: { cap: "SINT0", value: 65 } }] }] });
  const named = [{ do: "vm.enable_cap" as const, cap: "SINT0", value: "SINT0", returns: "ok" }];
  expect(plan({ ...one, calls: named }, spec, hello)).toMatchObject({
    threads: [{ calls: [{ args: { cap: "SINT0", value: "0x40000090" } }] }],
  });
});

test("a call that is repeated is sent so often, counts in its arguments, and is one claim", () => {
  const repeat = { limit: "max_vcpu_id" as const, plus: -61 };
  const planned = plan({ ...one, calls: [{ do: "vm.enable_cap", cap: "SINT0", value: { nth: 5 }, repeat, returns: "ok" }] }, spec, hello);
  expect(planned).toMatchObject({ threads: [{ calls: [5, 6, 7].map((value) => ({ args: { cap: "SINT0", value } })) }] });
  expect(planned.claims).toHaveLength(1);
});

test("what is not claimed, not had, not shown or not reported is not asked, each with its reason", () => {
  expect(plan(one, spec, { ...hello, features: [] })).toMatchObject({ verdict: "unclaimed", reason: "does not claim vcpu" });
  expect(plan(one, spec, { ...hello, features: [], absent: { vcpu: "KVM_CAP_USER_MEMORY is 0" } })).toMatchObject({
    reason: "does not claim vcpu (KVM_CAP_USER_MEMORY is 0)",
  });
  expect(plan(one, spec, { ...hello, calls: [] })).toMatchObject({ verdict: "untestable", reason: "does not have the call guest.nop" });
  const blind: Case = { ...one, calls: [{ do: "guest.nop" }], finally: [{ "vm.count": 1 }] };
  expect(plan(blind, spec, hello)).toMatchObject({ verdict: "untestable", reason: "does not show vm.count" });
  const limited: Case = { ...one, finally: [{ "vcpu.0.mode": { limit: "max_vcpus" } }] };
  expect(plan(limited, spec, hello)).toMatchObject({ verdict: "untestable", reason: "it does not report the limit max_vcpus" });
});

test("the claims that are seen are judged, the others are counted as unseen", () => {
  const both: Case = { ...one, finally: [{ "vm.count": 1 }, { "vcpu.*.mode": "OUT" }], events: [{ count: { "lock.kvm_lock.taken": 1 } }] };
  const planned = plan(both, spec, hello);
  expect(planned.claims.map(({ kind, unseen }) => [kind, unseen])).toEqual([
    ["returned", undefined],
    ["finally", "does not show vm.count"],
    ["finally", undefined],
    ["count", "does not tell of lock.kvm_lock.taken"],
  ]);
});

test("a check of what goes on inside of calls is seen if the implementation makes it, and is then told of", () => {
  const checked: Case = { ...one, never: ["deadlock", "lock-order"] };
  const called: HelloReply = { ...hello, control: "call" };
  const blind = plan(checked, spec, called);
  expect(blind.claims.map(({ unseen }) => unseen)).toEqual([
    undefined,
    undefined,
    "cannot be stopped inside a call, where lock-order would show",
  ]);
  expect([blind, plan(checked, spec, { ...called, checks: ["lock-order"] })].map((each) => looksInside(each as Plan))).toEqual([
    false,
    true,
  ]);
});

test("a read is changed by the cells that it derives from, bound as it is, or by the release of its lock", () => {
  expect(plannedRead("vcpu.*.mode", spec.reads, spec.locks).sights).toEqual([{ by: "cell", pattern: "vcpu.*.mode", stars: 1 }]);
  expect(plannedRead("vcpu.1.mode", spec.reads, spec.locks).sights).toEqual([{ by: "cell", pattern: "vcpu.1.mode", stars: 0 }]);
  expect(plannedRead("vm.count", spec.reads, spec.locks)).toMatchObject({ guarded: true, sights: [{ by: "release", lock: "kvm_lock" }] });
});

test("versions are compared as numbers, part by part", () => {
  expect(compareVersions("v5.9", "v5.13")).toBeLessThan(0);
  expect(compareVersions("v6.0", "v5.19")).toBeGreaterThan(0);
  expect(compareVersions("v6.1", "v6.1")).toBe(0);
});

test.each([
  [{}, "v5.1", "asked"],
  [{ before: "v6.5" }, "v6.4", "asked"],
  [{ before: "v6.5" }, "v6.5", "not asked"],
  [{ before: "v6.5" }, undefined, "not asked"],
  [{ changed: "v6.5" }, "v6.4", "not asked"],
  [{ changed: "v6.5" }, "v6.5", "asked"],
  [{ changed: "v6.5" }, undefined, "asked"],
  [{ fixed: "v6.5" }, "v6.4", "expected to break"],
  [{ fixed: "v6.5" }, "v6.5", "asked"],
] as const)("a rule with %j is, to kernel %s, %s", (says, kernel, asked) => {
  expect(askedOf(says as unknown as Rule, kernel)).toBe(asked);
  const old = { ...spec, rules: new Map([[RULE, { rule: RULE, feature, ...says }]]) } as unknown as Spec;
  const planned = plan(one, old, { ...hello, ...(kernel !== undefined && { kernel }) });
  const comes = asked === "not asked" ? { verdict: "unclaimed" } : { expectedToBreak: new Set(asked === "asked" ? [] : [RULE]) };
  expect(planned).toMatchObject(comes);
});

import { checkCase } from "./cases";
import { loadSpec } from "./load";
import { packageRoot } from "./root";
import { Source } from "./source";

const { spec } = loadSpec(packageRoot());

const EVERYTHING = `
case: own/everything
about: >
  A race that uses every key and every operator of the language, so that none
  of them is refused where it belongs.
rules: [lock.kick.publish-before-look, vcpuid.limit.exclusive]
given: { backend: vmx, vcpus: 2, irqchip: split, module: { enable_apicv: true }, synic: [0, 1], xen: { vcpu_info: [1] } }
calls:
  - { do: vm.enable_cap, cap: MAX_VCPU_ID, value: { limit: max_vcpu_id, plus: -1 }, flags: SCONTROL }
  - { do: vm.create_vcpu, id: "0xffffffffffffffff", rule: vcpuid.limit.exclusive, returns: { not: ok }, then: { vm.online_vcpus: 2 } }
threads:
  P0: [{ do: guest.nop, vcpu: 0, rule: lock.kick.publish-before-look, returns: ok }]
  P1: [{ do: guest.nop, vcpu: 1, rule: lock.kick.publish-before-look, stays: blocked }]
  S: { interrupts: P0, calls: [{ do: sched.preempt }] }
always:
  - rule: lock.kick.publish-before-look
    if: { vcpu.*.in_guest: true }
    then: { vcpu.*.mode: { one_of: [IN_GUEST_MODE, EXITING_GUEST_MODE] } }
  - { rule: lock.kick.publish-before-look, unlocked: kvm_lock, any_of: [{ vm.online_vcpus: { at_least: 1, at_most: 2 } }, { vm.created_vcpus: 0 }] }
  - { rule: vcpuid.limit.exclusive, vm.online_vcpus: { never_loses: true }, vm.created_vcpus: { changes: false } }
  - { rule: lock.kick.publish-before-look, vcpu.*.mode: { was: IN_GUEST_MODE, becomes: { not: IN_GUEST_MODE } } }
sometimes:
  - { vcpu.*.in_guest: true }
finally:
  - { rule: vcpuid.limit.exclusive, vm.max_vcpu_ids: { bits: { mask: "0xff", value: "0x0f" } } }
  - { rule: vcpuid.limit.exclusive, vcpu.*.mode: { same_as: vcpu.*.mode } }
events:
  - { rule: lock.kick.publish-before-look, order: [lock.kvm_lock.taken, lock.kvm_lock.released], if: { vm.online_vcpus: 2 } }
  - { rule: lock.kick.publish-before-look, never: lock.kvm_lock.taken, between: [lock.mmu_lock.taken, lock.mmu_lock.released] }
  - { rule: lock.kick.publish-before-look, count: { lock.*.taken: { at_most: 3 } } }
never: [{ rule: lock.kick.publish-before-look, check: deadlock }]
outcomes:
  - { rule: vcpuid.limit.exclusive, returns: { P0: [ok], P1: [blocked] }, reads: { vm.online_vcpus: 2 } }
permitted:
  - { returns: { P0: [EINTR] } }
faults: { alloc: 1 }
deep: true
`;

test("a case that uses the whole language is accepted", () => {
  const source = new Source("own.yaml", Buffer.from(EVERYTHING));
  const loaded = checkCase(source, spec);
  expect(source.problems).toEqual([]);
  expect(loaded?.case).toBe("own/everything");
});

test("vCPUs that the calls create are there", () => {
  const text = EVERYTHING.replace("vcpus: 2, ", "").replace("synic: [0, 1]", "synic: [7]");
  const source = new Source("own.yaml", Buffer.from(text));
  checkCase(source, spec);
  expect(source.problems).toEqual([]);
});

test("two mistakes give two problems", () => {
  const text = EVERYTHING.replace("flags: SCONTROL", "flags: SCONTROLL").replace("interrupts: P0", "interrupts: P9");
  const source = new Source("own.yaml", Buffer.from(text));
  checkCase(source, spec);
  expect(source.problems.map(({ code }) => code)).toEqual(["CASE-017", "CASE-041"]);
});

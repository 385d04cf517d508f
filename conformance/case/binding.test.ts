import { bind, bindingOf } from "./binding";

test.each([
  ["vcpu.*.mode", "vcpu.0.mode", "0"],
  ["vcpu.*.mode", "vcpu.12.mode", "12"],
  ["vcpu.*.mode", "vcpu.*.mode", "*"],
  ["vcpu.*.timer.*", "vcpu.1.timer.3", "1.3"],
  ["*.mode", "boot.mode", "boot"],
  ["vcpu.*", "vcpu.", ""],
  ["mmu.seq", "mmu.seq", ""],
])("what %s stands for in %s", (pattern, name, binding) => expect(bindingOf(pattern, name)).toBe(binding));

test.each([
  ["vcpu.*.mode", "vcpu.0.model"],
  ["vcpu.*.mode", "vcpu.0.mod"],
  ["vcpu.*.mode", "vcpu.0"],
  ["vcpu.*.mode", "vcpu.0.1.mode"],
  ["vcpu.*", "vcpu"],
  ["vcpu.*", "vcpu.0.mode"],
  ["*", "a.b"],
  ["mmu.seq", "mmu.seq2"],
  ["mmu.seq2", "mmu.seq"],
])("%s does not stand for %s", (pattern, name) => expect(bindingOf(pattern, name)).toBeUndefined());

test("a name that is bound is the one that the binding was found in", () => {
  for (const [pattern, name] of [
    ["vcpu.*.timer.*", "vcpu.1.timer.3"],
    ["mmu.seq", "mmu.seq"],
  ] as const)
    expect(bind(pattern, bindingOf(pattern, name) ?? "none")).toBe(name);
});

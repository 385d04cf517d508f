import { covers, declaredAs, nearest } from "./names";

test("a star stands for exactly one word", () => {
  expect(covers("vcpu.*.mode", "vcpu.0.mode")).toBe(true);
  expect(covers("vcpu.*.mode", "vcpu.*.mode")).toBe(true);
  expect(covers("vcpu.*.mode", "vcpu.0.in_guest")).toBe(false);
  expect(covers("vcpu.*.mode", "vcpu.0.1.mode")).toBe(false);
});

test("a star that is used needs a star that is declared", () => {
  expect(covers("vm.online_vcpus", "vm.*")).toBe(false);
});

test("a used name is found under its declared one", () => {
  expect(declaredAs(["vcpu.*.in_guest", "vcpu.*.mode"], "vcpu.3.mode")).toBe("vcpu.*.mode");
  expect(declaredAs(["vcpu.*.mode"], "vm.mode")).toBeUndefined();
});

test("the nearest name is suggested, and none where none is near", () => {
  expect(nearest("vm.create_vpcu", ["vm.create_vcpu", "vm.enable_cap"])).toBe("vm.create_vcpu");
  expect(nearest("toString", ["vm.create_vcpu", "vm.enable_cap"])).toBeUndefined();
  expect(nearest("", ["vm.enable_cap"])).toBeUndefined();
});

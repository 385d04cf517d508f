import { join } from "node:path";
import pc from "picocolors";
import { packageRoot } from "../case/root";
import { check, renderProblems } from "./check";

const root = packageRoot();
const shipped = check([], root);
const invalid = (name: string): string => join(root, "spec", "invalid", name);

test("the shipped spec has no problems", () => {
  expect(renderProblems(shipped, pc.createColors(false))).toBe(`no problems in ${String(shipped.filesChecked)} files`);
});

test("a shipped file that is named is checked once", () => {
  expect(check([join(root, "spec", "rules", "lock.yaml")], root)).toEqual(shipped);
});

test("a problem is shown with its place, its code, a caret and a way forward", () => {
  const file = invalid("CASE-012-unknown-call.yaml");
  const checked = check([file], root);
  expect(renderProblems(checked, pc.createColors(false))).toBe(
    [
      `${file}:6:11 CASE-012 there is no call "vm.create_vpcu"`,
      "6 |   - { do: vm.create_vpcu, id: 0, returns: ok }",
      "  |           ^^^^^^^^^^^^^^",
      'hint: did you mean "vm.create_vcpu"?',
      "",
      `1 problem in ${String(shipped.filesChecked + 1)} files`,
    ].join("\n"),
  );
});

test("a rule file is checked as one", () => {
  expect(check([invalid(join("RULE-012-unknown-feature", "rules", "vcpuid.yaml"))], root).problems).toMatchObject([{ code: "RULE-012" }]);
});

test("colours are there when asked for, and only then", () => {
  const checked = check([invalid("CASE-047-empty-range.yaml")], root);
  expect(renderProblems(checked, pc.createColors(true))).toContain("\u001b[31mCASE-047");
  expect(renderProblems(checked, pc.createColors(false))).not.toContain("\u001b");
});

test("a file that is not there is the user's mistake, named", () => {
  expect(() => check(["no/such.yaml"], root)).toThrow("there is no file no/such.yaml");
  expect(() => check([root], root)).toThrow(`there is no file ${root}`);
});

import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import type { FiledCase } from "../case/spec";
import { select } from "./selection";

const { spec } = loadSpec(packageRoot());
const ids = (wanted: Parameters<typeof select>[1]): string[] => select(spec, wanted).map((each) => each.case);

test("without patterns every case is selected, by id", () => {
  expect(ids({})).toEqual([...spec.cases.keys()].sort());
});

test("kinds of patterns narrow each other, and exclude takes away", () => {
  expect(ids({ case: ["vcpuid/*"], rule: ["vcpuid.limit.write-once"] })).toContain("vcpuid/the-limit-is-set-once");
  expect(ids({ area: ["vcpuid"], exclude: ["vcpuid/the-limit-is-*"] })).not.toContain("vcpuid/the-limit-is-set-once");
});

test("a deep case is selected with --deep, or by its whole id", () => {
  const [first] = spec.cases.values();
  const deep = { ...(first as FiledCase), case: "vcpuid/of-the-deep" };
  const more = { ...spec, deep: new Map([[deep.case, deep]]) };
  const selected = (wanted: Parameters<typeof select>[1]): boolean => select(more, wanted).includes(deep);
  expect([selected({}), selected({ case: ["vcpuid/*"] }), selected({ area: ["vcpuid"] })]).toEqual([false, false, false]);
  expect([selected({ deep: true }), selected({ case: [deep.case] })]).toEqual([true, true]);
  expect(selected({ deep: true, area: ["lock"] })).toBe(false);
});

test("a pattern that matches nothing names the nearest id", () => {
  expect(() => ids({ case: ["vcpuid/the-limit-is-set-onec"] })).toThrow(/did you mean vcpuid\/the-limit-is-set-once\?/);
  expect(() => ids({ rule: ["vcpuid.limit.write-one"] })).toThrow(/no rule matches .* did you mean vcpuid\.limit\.write-once\?/);
  expect(() => ids({ exclude: ["nothing/like-this"] })).toThrow(/no case matches/);
});

test("only the star is special in a pattern", () => {
  expect(() => ids({ case: ["vcpuid.the-limit-is-set-once"] })).toThrow(/no case matches/);
});

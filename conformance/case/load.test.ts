import { loadSpec } from "./load";
import { packageRoot } from "./root";

test("the shipped spec loads without a problem", () => {
  const { spec, problems } = loadSpec(packageRoot());
  expect(problems).toEqual([]);
  expect(spec.cases.size).toBeGreaterThan(0);
  expect(spec.rules.size).toBeGreaterThan(0);
});

import { loadSpec, problemsOf } from "./load";
import { checkLedger } from "./ledger";
import { packageRoot } from "./root";
import { Source } from "./source";
import { isWithin } from "./versions";

const { spec, files } = loadSpec(packageRoot());
const ENTRY = `
disagreements:
  - rule: vcpuid.limit.exclusive
    case: vcpuid/the-limit-itself-is-no-id
    kernel: ">=v5.1 <v6.1"
    on: [qemu, svm]
    observed: vm.create_vcpu returns ok for the limit itself
    shown_by: CREATE_VCPU(128) after ENABLE_CAP(128) gives an fd
    judgement: version
    about: Kernels before v6.1 compared with one more.
`;

function entries(text: string) {
  const source = new Source("spec/disagreements.yaml", Buffer.from(text));
  const found = checkLedger(source, spec);
  return { found, codes: source.problems.map(({ code }) => code) };
}

test("the shipped ledger is loaded with the spec, and looked at by `check`", () => {
  expect(files).toContain("spec/disagreements.yaml");
  expect(problemsOf(`${packageRoot()}/spec/disagreements.yaml`, spec)).toEqual([]);
});

test("an entry knows its place, by line", () => {
  const { found, codes } = entries(ENTRY);
  expect(codes).toEqual([]);
  expect(found).toMatchObject([{ rule: "vcpuid.limit.exclusive", on: ["qemu", "svm"], place: "spec/disagreements.yaml:3" }]);
});

test("two entries about one rule on different kernels are no repetition", () => {
  const other = ENTRY.replace("disagreements:\n", "").replace(">=v5.1 <v6.1", ">=v6.12");
  expect(entries(ENTRY.trimEnd() + other)).toMatchObject({ codes: [], found: [{}, {}] });
});

test("a model that was mended may have been wrong about every kernel", () => {
  const everywhere = ENTRY.replace(/ +kernel: .*\n +on: .*\n/, "");
  expect(entries(everywhere).codes).toEqual(["LEDGER-015"]);
  expect(entries(everywhere.replace("judgement: version", "judgement: model-fixed")).codes).toEqual([]);
});

test.each([
  ["v6.12", "v6.12", true],
  ["v6.12", "v6.13", false],
  [">=v6.12", "v6.9", false],
  [">=v6.12", "v6.18", true],
  ["<v6.12", "v6.9", true],
  ["<v6.12", "v6.12", false],
  [">=v6.1 <v6.12", "v6.1", true],
  [">=v6.1 <v6.12", "v6.12", false],
  [">=v6.1 <v6.12", "v5.19", false],
])("the range %s has %s: %s", (range, version, has) => {
  expect(isWithin(range, version)).toBe(has);
});

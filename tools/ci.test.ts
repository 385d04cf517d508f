interface Counts {
  passed: number;
  failures: string[];
  skipped: string[];
}
interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
  error?: { code: string };
}
const { tally, summary, kernelResult } = jest.requireActual<{
  tally: (report: unknown, status: number) => Counts;
  summary: (counts: Counts) => string;
  kernelResult: (adapter: string, ran: Ran) => Counts;
}>("./ci");

const REPORT = {
  numPassedTests: 3,
  testResults: [
    { name: "a.test.ts", status: "passed", message: "", assertionResults: [{ status: "passed", fullName: "one" }] },
    {
      name: "b.test.ts",
      status: "passed",
      message: "",
      assertionResults: [{ status: "pending", fullName: "two [skipped: python3 not found]" }],
    },
  ],
};

test("skipped tests are named above the last line, and counted in it", () => {
  expect(summary(tally(REPORT, 0))).toBe("skipped: two [skipped: python3 not found]\n3 passed, 0 failed, 1 skipped");
});

test("without skipped tests the last line has two numbers", () => {
  expect(summary({ passed: 7, failures: [], skipped: [] })).toBe("7 passed, 0 failed");
});

test("a failed test is told again at the end, with what was said of it", () => {
  const assertionResults = [{ status: "failed", fullName: "three is four", failureMessages: ["expected 4\n  at c.test.ts:1"] }];
  const broken = { ...REPORT, testResults: [{ name: "c.test.ts", status: "failed", message: "all of it", assertionResults }] };
  expect(summary(tally(broken, 1))).toBe("failed: c.test.ts: three is four\n    expected 4\n      at c.test.ts:1\n3 passed, 1 failed");
});

test("of a long failure the end is told", () => {
  const stdout = Array.from({ length: 100 }, (_, i) => `line ${i + 1}`).join("\n");
  const [failure] = kernelResult("kvm", { status: 1, stdout, stderr: "" }).failures;
  expect(failure).toMatch(/^the suite on kvm: exit code 1\n {4}line 61\n[^]* {4}line 100\n {4}\.\.\. 60 lines more above$/);
});

test("a test file that could not start is a failure", () => {
  const testResults = [{ name: "d.test.ts", status: "failed", message: "no such module", assertionResults: [] }];
  expect(tally({ ...REPORT, testResults }, 1).failures).toEqual(["d.test.ts\n    no such module"]);
});

test("a jest that broke down without a report is a failure", () => {
  expect(tally(undefined, 1)).toEqual({ passed: 0, failures: ["jest failed, and no test did"], skipped: [] });
});

test("a jest that failed for another reason than a test is a failure", () => {
  expect(tally(REPORT, 1).failures).toEqual(["jest failed, and no test did"]);
});

test("a kernel that was not reached is skipped with the reason, and one that was reached and died is a failure", () => {
  const stderr = "error: there is no /dev/kvm\nmore";
  expect(kernelResult("kvm", { status: 3, stdout: "", stderr }).skipped).toEqual(["the suite on kvm [skipped: there is no /dev/kvm]"]);
  expect(kernelResult("kvm", { status: 3, stdout: "holds a/b\n", stderr }).failures).toHaveLength(1);
  expect(kernelResult("kvm", { status: 1, stdout: "", stderr }).failures).toHaveLength(1);
  expect(kernelResult("kvm", { status: 0, stdout: "holds a/b\n", stderr: "" })).toEqual({ passed: 1, failures: [], skipped: [] });
});

test("a kernel on which the suite did not end is a failure, whatever was printed", () => {
  const { failures } = kernelResult("kvm", { status: null, stdout: "", stderr: "60 of 244 cases\n", error: { code: "ETIMEDOUT" } });
  expect(failures).toEqual(["the suite on kvm: no end in sight\n    60 of 244 cases"]);
});

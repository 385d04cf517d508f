interface Counts {
  passed: number;
  failed: number;
  skipped: string[];
}
interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}
const { tally, summary, kernelResult } = jest.requireActual<{
  tally: (report: unknown, status: number) => Counts;
  summary: (counts: Counts) => string;
  kernelResult: (adapter: string, ran: Ran) => Counts;
}>("./ci");

const REPORT = {
  numPassedTests: 3,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  testResults: [
    { assertionResults: [{ status: "passed", fullName: "one" }] },
    { assertionResults: [{ status: "pending", fullName: "two [skipped: python3 not found]" }] },
  ],
};

test("skipped tests are named above the last line, and counted in it", () => {
  expect(summary(tally(REPORT, 0))).toBe("skipped: two [skipped: python3 not found]\n3 passed, 0 failed, 1 skipped");
});

test("without skipped tests the last line has two numbers", () => {
  expect(summary({ passed: 7, failed: 2, skipped: [] })).toBe("7 passed, 2 failed");
});

test("a test file that could not start is a failure", () => {
  expect(tally({ ...REPORT, numRuntimeErrorTestSuites: 1 }, 1).failed).toBe(1);
});

test("a jest that broke down without a report is a failure", () => {
  expect(tally(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test("a jest that failed for another reason than a test is a failure", () => {
  expect(tally(REPORT, 1).failed).toBe(1);
});

test("a kernel that was not reached is skipped with the reason, and one that was reached and died is a failure", () => {
  const stderr = "error: there is no /dev/kvm\nmore";
  expect(kernelResult("kvm", { status: 3, stdout: "", stderr }).skipped).toEqual(["the suite on kvm [skipped: there is no /dev/kvm]"]);
  expect(kernelResult("kvm", { status: 3, stdout: "holds a/b\n", stderr }).failed).toBe(1);
  expect(kernelResult("kvm", { status: 1, stdout: "", stderr }).failed).toBe(1);
  expect(kernelResult("kvm", { status: 0, stdout: "holds a/b\n", stderr: "" })).toEqual({ passed: 1, failed: 0, skipped: [] });
});

import { failure, row, VIOLATION } from "../../tools/verdicts";
import { columns } from "./columns";

const at = (step: number): typeof VIOLATION => ({ ...VIOLATION, step });
const drawn = (...trace: ReturnType<typeof row>[]): string[] => columns(failure({ trace, violations: [VIOLATION, at(trace.length)] }));
const numbers = (lines: readonly string[]): (string | undefined)[] => lines.slice(1).map((line) => line.trim().split(" ")[0]);

test("each thread has its column, under its name, and the note stands to the right of all", () => {
  expect(columns(failure())).toEqual([
    "     P0                                    P1",
    "   1 | apicv.set_inhibit · store inhibits  |",
    "   2 |                                     | apicv.set_inhibit · store inhibits",
    "   3 |                                     | apicv.set_inhibit · store vcpu.1.mode   <- vcpu.0.apicv_active = true",
  ]);
});

test("steps that touch what another thread touches are drawn, private ones are left out, and the numbers show the gap", () => {
  const lines = drawn(
    row(1, "P0", ["mine"]),
    row(2, "P0", ["ours"]),
    row(4, "P1", ["yours"]),
    row(5, "P1", ["ours", "yours"]),
    row(6, "P0", ["mine"]),
  );
  expect(numbers(lines)).toEqual(["2", "5"]);
});

test("the run ends with the last thing that it breaks", () => {
  const trace = [1, 2, 3, 4, 5].map((n) => row(n, n % 2 === 0 ? "P0" : "P1", ["ours"]));
  expect(numbers(columns(failure({ trace, violations: [at(3)] })))).toEqual(["1", "2", "3"]);
  expect(numbers(columns(failure({ trace, violations: [at(2), at(4)] })))).toEqual(["1", "2", "3", "4"]);
  expect(numbers(columns(failure({ trace, violations: [at(0)] })))).toEqual([]);
});

test("a private step stays if it changed what a claim sees, or if the claim failed after it", () => {
  const lines = drawn(row(1, "P0", ["mine"], { note: "x = 1" }), row(2, "P0", ["mine"]), row(VIOLATION.step, "P1", ["yours"]));
  expect(numbers(lines)).toEqual(["1", "3"]);
});

test("a long step is cut, and the note behind it stays in view", () => {
  const [, line = ""] = drawn(row(3, "P0", ["x".repeat(80)], { note: "seen" }));
  expect(line).toContain("x…");
  expect(line).toMatch(/<- seen$/);
  expect(line.length).toBeLessThan(100);
});

test("of many objects the first is named, and of several operations the innermost", () => {
  const [, line] = drawn(row(3, "P0", ["a", "b", "c"], { path: ["outer", "inner"], kind: "read_lock" }));
  expect(line).toContain("| inner · read lock a and 2 more");
});

test("a thread that was started on the way has its column too", () => {
  const lines = columns(failure({ threads: ["P0", "P1", "worker"], trace: [row(3, "worker", ["a"])] }));
  expect(lines[0]?.trim().split(/\s+/)).toEqual(["P0", "P1", "worker"]);
  expect(lines[1]?.split("|")).toHaveLength(4);
});

test("of a very long run the beginning and the end are drawn", () => {
  const lines = drawn(...Array.from({ length: 100 }, (_, i) => row(i + 1, "P0", ["mine"], { note: "seen" })));
  expect(lines).toHaveLength(1 + 20 + 1 + 60);
  expect(lines[21]?.trim()).toBe("... 20 steps like these ...");
  expect(lines.at(-1)?.trim().split(" ")[0]).toBe("100");
});

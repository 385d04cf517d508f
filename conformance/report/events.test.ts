import { broken, HEADER, verdict } from "../../tools/verdicts";
import { entryLine, footerOf, readLog, type Entry } from "./events";

const VERDICTS = [verdict(), broken()];
const FOOTER = footerOf(VERDICTS, 1.5, false);
const text = (...entries: Entry[]): string => entries.map(entryLine).join("");

test("a whole log reads back as it was written", () => {
  // JSON has no undefined: what is missing is missing.
  const kept = JSON.parse(JSON.stringify(VERDICTS)) as unknown;
  expect(readLog(text(HEADER, ...VERDICTS, FOOTER), "log")).toEqual({ header: HEADER, verdicts: kept, footer: FOOTER });
});

test("the footer counts verdicts, runs with those cut short, and steps", () => {
  expect(footerOf([verdict(), verdict(), broken(), verdict({ verdict: "unclaimed", how: undefined })], 2, true)).toEqual({
    type: "footer",
    counts: { holds: 2, broken: 1, unclaimed: 1 },
    expected: 0,
    stale: [],
    runs: 12,
    steps: 120,
    seconds: 2,
    interrupted: true,
  });
});

test("a log without its footer is seen to be cut short, and its verdicts are kept", () => {
  const { footer, verdicts } = readLog(text(HEADER, ...VERDICTS), "log");
  expect(footer).toBeUndefined();
  expect(verdicts).toHaveLength(2);
});

test("a log that ends in the middle of a line is cut short too", () => {
  const whole = text(HEADER, ...VERDICTS, FOOTER);
  const { footer, verdicts } = readLog(whole.slice(0, -10), "log");
  expect(footer).toBeUndefined();
  expect(verdicts).toHaveLength(2);
});

test("a damaged line is named by its place", () => {
  const lines = text(HEADER, ...VERDICTS, FOOTER).split("\n");
  lines[1] = lines[1]?.slice(0, 20) ?? "";
  expect(() => readLog(lines.join("\n"), "out/results.ndjson")).toThrow("out/results.ndjson:2: this line is not JSON");
});

test.each([
  ["", "is this a log"],
  [text(FOOTER), "is this a log"],
  ["null\n", "is this a log"],
])("what does not begin with a header is no log (%j)", (other, problem) => {
  expect(() => readLog(other, "some.ndjson")).toThrow(problem);
});

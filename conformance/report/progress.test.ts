import type { Estimate } from "../explore/estimate";
import { Progress, screenOn, type Standing } from "./progress";

const ESTIMATE: Estimate = { least: 14_321, most: 31_415, share: 0.5, depth: 12 };
const CURRENT = { name: "ipiv/a-case", traces: 12_000, estimate: ESTIMATE };

/** A progress on a screen of so many columns, and a clock that is set by hand. */
function shown(isTerminal: boolean, columns = 120) {
  const written: string[] = [];
  let now = 5000;
  let pauses = 0;
  const progress = new Progress({ isTerminal, columns: () => columns, write: (text) => void written.push(text) }, () => now);
  /** What is written if it is looked at after so many milliseconds. */
  const after = (ms: number, standing: Partial<Standing> = {}): string => {
    now += ms;
    written.length = 0;
    progress.glance(
      () => ({ judged: 3, of: 10, runs: 0, ...standing }),
      () => pauses++,
    );
    return written.join("");
  };
  return { progress, written, after, pauses: () => pauses };
}

test("what is over in two seconds says nothing, and nobody is asked to pause", () => {
  const { progress, written, after, pauses } = shown(true);
  expect([after(0), after(1999)]).toEqual(["", ""]);
  progress.clear();
  expect(written).toEqual([]);
  expect(pauses()).toBe(0);
});

test("a terminal has one line, which is rewritten each second and leaves nothing behind", () => {
  const { progress, written, after, pauses } = shown(true);
  const line = (text: string): string => `\r\u001b[K${text}`;
  expect(after(2000, { current: { name: "ipiv/a-case" } })).toBe(line("[###-------] 3 of 10 cases, 2 s; ipiv/a-case"));
  expect(after(999, { current: CURRENT })).toBe("");
  expect(after(1, { current: CURRENT, runs: 2500 })).toBe(
    line("[###-------] 3 of 10 cases, 3 s; 12,000 traces of 14,321 to 31,000, 2,500/s, depth 12; ipiv/a-case"),
  );
  expect(after(2000, { judged: 9, current: { ...CURRENT, estimate: { ...ESTIMATE, most: undefined } }, runs: 3500 })).toBe(
    line("[#########-] 9 of 10 cases, 5 s; 12,000 traces of at least 14,321, 500/s, depth 12; ipiv/a-case"),
  );
  expect(pauses()).toBe(3);
  progress.clear();
  progress.clear();
  expect(written.slice(1)).toEqual([line("")]);
});

test("a line that is too long for the terminal is cut, so that it does not wrap", () => {
  const { after } = shown(true, 40);
  expect(after(2000, { current: CURRENT })).toHaveLength("\r\u001b[K".length + 39);
});

test("elsewhere there is a line every 20 seconds, without anything that moves the cursor", () => {
  const { progress, written, after } = shown(false);
  expect(after(19_999)).toBe("");
  expect(after(1, { of: 1, judged: 0 })).toBe("0 of 1 case, 20 s\n");
  expect(after(19_999, { current: CURRENT })).toBe("");
  expect(after(1, { current: CURRENT, runs: 40_000 })).toBe(
    "3 of 10 cases, 40 s; 12,000 traces of 14,321 to 31,000, 2,000/s, depth 12; ipiv/a-case\n",
  );
  progress.clear();
  expect(written).toHaveLength(1);
});

test.each<[string, boolean, NodeJS.ProcessEnv, boolean]>([
  ["a terminal", true, { TERM: "xterm" }, true],
  ["a terminal without colours", true, { TERM: "xterm", NO_COLOR: "1" }, true],
  ["a terminal that cannot erase", true, { TERM: "dumb" }, false],
  ["a machine that builds", true, { TERM: "xterm", CI: "true" }, false],
  ["a pipe or a file", false, { TERM: "xterm" }, false],
])("on %s, whether the line is rewritten", (_, isTTY, env, isTerminal) => {
  const stream = { isTTY, columns: 0, write: () => true } as unknown as NodeJS.WriteStream;
  const screen = screenOn(stream, env);
  expect([screen.isTerminal, screen.columns()]).toEqual([isTerminal, 80]);
});

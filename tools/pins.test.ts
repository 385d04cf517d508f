/** What is pinned of the cases: that a change is seen, how it is shown, and how it is written down. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Door } from "../conformance/adapter/door";
import type { FiledCase, Spec } from "../conformance/case/spec";
import PINS from "../reference/pins.json";
import { reference } from "../reference/adapter";
import { capabilities } from "../reference/kvm/capabilities";
import type { Kvm, Result } from "../reference/kvm/types";
import { original_of, type Task } from "../reference/task";
import { concurrent, spec } from "./shipped";

interface Pin {
  readonly traces: number;
  readonly steps: number;
  readonly ends: number;
  readonly outcomes: number;
}
type Pins = Readonly<Record<string, Pin>>;
interface Change {
  readonly case: string;
  readonly what: keyof Pin;
  readonly before?: number;
  readonly after?: number;
}
interface Tool {
  readonly changes: (before: Pins, after: Pins) => Change[];
  readonly explored: (cases: readonly FiledCase[], of: Spec, door: Door) => Pins;
  readonly pin: (now: Pins, options: { file?: string; update?: boolean; print?: (line: string) => void }) => number;
  readonly table: (changed: readonly Change[]) => string[];
  readonly text: (pins: Pins) => string;
}
const { changes, explored, pin, table, text } = jest.requireActual<Tool>("./pins");

const RACE = "vcpuid/the-limit-and-the-first-vcpu-cannot-both-win";
const raced = spec.cases.get(RACE) as FiledCase;
const A: Pin = { traces: 3, steps: 1200, ends: 2, outcomes: 2 };

/** As the reference, but that the setter of the limit looks at it once more. */
const looksTwice = reference({
  name: "looks twice",
  ops: {
    capabilities: {
      *latch_max_vcpu_id(kvm: Kvm, value: number): Task<Result> {
        yield kvm.limit.max_vcpu_ids.load;
        return yield* original_of(capabilities, "latch_max_vcpu_id")(kvm, value);
      },
    },
  },
});

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kvm-conform-pins-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

test("every case with threads that race is pinned, and no other", () => {
  expect(Object.keys(PINS).sort()).toEqual(concurrent.map(([id]) => id).sort());
  expect(text(PINS)).toBe(readFileSync(join(__dirname, "../reference/pins.json"), "utf8"));
});

test("a step that the model takes besides is seen", () => {
  const pinned: Pins = { [RACE]: PINS[RACE] };
  expect(changes(pinned, explored([raced], spec, reference()))).toEqual([]);
  const changed = changes(pinned, explored([raced], spec, looksTwice));
  expect(changed.map(({ what }) => what)).toEqual(expect.arrayContaining(["steps"]));
  for (const { before = 0, after = 0 } of changed) expect(after).toBeGreaterThan(before);
});

test("a difference is read case by case: what it was, and what it is", () => {
  const changed = changes({ "a/gone": A, "a/same": A, "b/grows": A }, { "b/grows": { ...A, traces: 4 }, "a/same": A, "a/comes": A });
  expect(table(changed).slice(0, 6)).toEqual([
    "case               before  after",
    "a/comes  traces         -      3",
    "a/comes  steps          -  1,200",
    "a/comes  ends           -      2",
    "a/comes  outcomes       -      2",
    "a/gone   traces         3      -",
  ]);
  expect(table(changed).at(-1)).toBe("b/grows  traces         3      4");
  expect(table([])).toEqual([]);
});

test("the file has a line for each case, in the order of their ids", () => {
  const lines = text({ "b/last": A, "a/first": A }).split("\n");
  expect(lines[1]).toBe('  "a/first": { "traces": 3, "steps": 1200, "ends": 2, "outcomes": 2 },');
  expect(lines).toHaveLength(5);
  expect(JSON.parse(text({ "b/last": A, "a/first": A }))).toEqual({ "a/first": A, "b/last": A });
});

test("what has changed is an error until it is written down", () => {
  const file = join(folder, "pins.json");
  writeFileSync(file, text({ "a/first": A }));
  const now = { "a/first": { ...A, ends: 3 } };
  const made = (update: boolean): { code: number; lines: string[] } => {
    const lines: string[] = [];
    return { code: pin(now, { file, update, print: (line) => void lines.push(line) }), lines };
  };
  expect(made(false)).toEqual({
    code: 1,
    lines: ["case           before  after", "a/first  ends       2      3", "If that is meant: npm run pins -- --update"],
  });
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ "a/first": A });
  expect(made(true)).toMatchObject({ code: 0, lines: [expect.anything(), expect.stringContaining("a/first  ends")] });
  expect(made(false)).toEqual({ code: 0, lines: ["1 cases are as pinned"] });
});

test("what does not hold is not pinned", () => {
  const bug = { ...raced, finally: [{ "vm.max_vcpu_ids": 7 }] } as FiledCase;
  expect(() => explored([bug], spec, reference())).toThrow(`${RACE} is broken: only what holds is pinned`);
});

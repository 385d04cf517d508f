import { stripVTControlCharacters } from "node:util";
import { verdict } from "../../tools/verdicts";
import type { How } from "../verdict/verdict";
import { histogram, raceInWords } from "./race";
import { verdictLines } from "./terminal";

const RACE: NonNullable<How["race"]> = {
  worlds: 3000,
  seed: 4,
  outcomes: [
    { text: "A returned ok", times: 2989, is: "listed" },
    { text: "A returned EINTR", times: 10, is: "permitted" },
    { text: "A returned EIO", times: 1, is: "unlisted" },
  ],
  never: ["A EEXIST"],
  unjudged: 1,
  without: [],
};
const plain = (lines: readonly string[]): string[] => lines.map(stripVTControlCharacters);

test("outcomes are listed with their number, and what they are if not expected", () => {
  expect(plain(histogram(RACE))).toEqual([
    "2,989 x  A returned ok",
    "   10 x  A returned EINTR (permitted)",
    "    1 x  A returned EIO (not listed)",
    "    0 x  A EEXIST (listed, never seen)",
  ]);
  expect(raceInWords(RACE)).toBe("3,000 worlds raced (seed 4), 1 claim not seen there");
  expect(raceInWords({ ...RACE, without: ["vm.online_vcpus"] })).toBe(
    "3,000 worlds raced (seed 4), 1 claim, vm.online_vcpus not seen there",
  );
  expect(raceInWords({ ...RACE, worlds: 1, unjudged: 0 })).toBe("1 world raced (seed 4)");
});

test("of many outcomes the rest is counted together", () => {
  const outcomes = Array.from({ length: 15 }, (_, i) => ({ text: `A returned ${i}`, times: 2, is: "listed" as const }));
  expect(plain(histogram({ ...RACE, outcomes, never: [] })).at(-1)).toBe("    6 x  3 others");
});

test("a verdict shows its race; an outcome that never came is told of once", () => {
  const how = { ...verdict().how, control: "free", covered: "every order of calls", race: RACE } as How;
  const findings = [{ kind: "outcome never reached" as const, text: "A EEXIST" }];
  const lines = plain(verdictLines(verdict({ how, findings }), 10));
  expect(lines[0]).toContain("every order of calls, 3 runs and 1 cut short; 3,000 worlds raced (seed 4), 1 claim not seen there");
  expect(lines.filter((line) => line.includes("EEXIST"))).toEqual(["               0 x  A EEXIST (listed, never seen)"]);
});

test("why there was no race is said", () => {
  const how = { ...verdict().how, notRaced: "one CPU" } as How;
  expect(plain(verdictLines(verdict({ how }), 10))[0]).toContain("; not raced: one CPU");
});

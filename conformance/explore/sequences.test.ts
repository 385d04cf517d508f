/** The sequences of states that a claim sees: all of them in one run for each trace, and only because claims are objects of their own. */
import { flags, pairs, PROGRAMS } from "../../fixtures/programs/claimed";
import { doorOf, type Program } from "../../fixtures/programs/program";
import { plannedProgram } from "../../tools/shipped";
import { holdHere } from "../adapter/door";
import { explore, type Options } from "./explore";
import { conflictOnObject } from "./footprints";
import { naive } from "./naive";
import { optimal } from "./optimal";

/** Where steps depend on each other by what they touch alone, whoever looks on. */
const blind: Options["strategy"] = () => optimal((a, b) => a.stack === b.stack || conflictOnObject(a, b));

function seen(program: Program, strategy: Options["strategy"]): string[][] {
  const limits = { runs: 100_000, steps: 1000 };
  const { sequences } = holdHere(explore(plannedProgram(program), { strategy, limits, record: true, sequences: true }), doorOf(program));
  return [...(sequences?.seen ?? [])].map(([claim, all]) => [claim, ...[...all].sort()]).sort();
}

const always = Object.entries(PROGRAMS).filter(([, { claims }]) => claims.always !== undefined);

test.each(always)("%s: what a claim sees is the same sequences with and without reduction", (_, program) => {
  const all = seen(program, naive);
  expect(all.length).toBeGreaterThan(0);
  expect(seen(program, optimal)).toEqual(all);
});

test("a sequence is what a claim's reads were after each step that it could see", () => {
  // The reads of the claim: b, which is its premise, then a.
  expect(seen(flags, optimal)).toEqual([["0 ", "[false,true] [true,true]", "[true,false] [true,true]"]]);
  expect(new Set(seen(pairs, optimal).map(([claim]) => claim)).size).toBeGreaterThanOrEqual(4);
});

test("if steps that one claim sees did not depend on each other, a sequence would be missed", () => {
  expect(seen(flags, blind)).toEqual([["0 ", "[false,true] [true,true]"]]);
});

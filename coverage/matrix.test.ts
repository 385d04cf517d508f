import { stripVTControlCharacters } from "node:util";
import type { Judged, Log } from "../conformance/report/events";
import type { RuleId } from "../spec/generated/types";
import { broken, failure, HEADER, verdict, VIOLATION } from "../tools/verdicts";
import { matrix } from "./matrix";

type Told = "holds" | "broken" | "unclaimed";

/** The log of an adapter on which each rule has one case. */
function log(adapter: string, rules: Record<string, Told>): Log {
  const verdicts = Object.entries(rules).map(([name, told]): Judged => {
    const rule = name as RuleId;
    const parts = { case: `toy/${name}`, rules: [rule], seen: { claims: 1, of: 1, rules: { [rule]: { claims: 1, of: 1 } }, unseen: [] } };
    if (told === "broken") return broken({ ...parts, failure: failure({ violations: [{ ...VIOLATION, rule }] }) });
    return verdict({ ...parts, verdict: told });
  });
  return { header: { ...HEADER, adapter }, verdicts, footer: undefined };
}

const RULES = {
  "aa.one": "holds",
  "aa.two": "holds",
  "bb.one": "holds",
  "bb.two": "holds",
  "bb.three": "holds",
  "cc.one": "holds",
} as const;

test("what all hold is one row an area, and where they differ each rule has its own", () => {
  const kvm = log("kvm", { ...RULES, "bb.two": "broken", "cc.one": "unclaimed" });
  expect(matrix([log("reference", RULES), kvm]).map(stripVTControlCharacters)).toEqual([
    "",
    "6 rules                 1    2",
    "aa.* (all 2)            +    +",
    "bb.two                  +    X",
    "bb.* (other 2)          +    +",
    "cc.one                  +    .",
    "held                    6    4",
    "",
    "    1 = reference",
    "    2 = kvm",
    "    + = held",
    "    X = broken",
    "    . = not claimed",
  ]);
});

test("an area in which all rules stand alike is one row, also where adapters differ", () => {
  const lines = matrix([log("a", RULES), log("b", { ...RULES, "bb.one": "unclaimed", "bb.two": "unclaimed", "bb.three": "unclaimed" })]);
  expect(lines.map(stripVTControlCharacters)).toContain("bb.* (all 3)            +    .");
});

test("rules that several adapters break are not hidden in a row of their area", () => {
  const some = { ...RULES, "bb.one": "broken", "bb.two": "broken" } as const;
  const names = matrix([log("a", some), log("b", some)]).map((line) => stripVTControlCharacters(line).split(" ")[0]);
  expect(names).toEqual(expect.arrayContaining(["bb.one", "bb.two", "bb.three"]));
});

test("an adapter that was not asked a rule has an empty cell", () => {
  const lines = matrix([log("a", RULES), log("b", { "aa.one": "holds" })]).map(stripVTControlCharacters);
  expect(lines).toContain("aa.two                  +");
});

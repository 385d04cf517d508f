/** The shipped cases on the reference: all hold, in every interleaving, and every claim is seen. */
import { holdHere } from "../conformance/adapter/door";
import type { FiledCase } from "../conformance/case/spec";
import { judge } from "../conformance/verdict/judge";
import type { Verdict } from "../conformance/verdict/verdict";
import { cases, concurrent, hello, spec } from "../tools/shipped";
import { reference } from "./adapter";
import PINS from "./pins.json";

interface Pins {
  readonly changes: (before: object, after: object) => object[];
  readonly pinOf: (what: FiledCase, verdict: Verdict) => object;
}
const { changes, pinOf } = jest.requireActual<Pins>("../tools/pins");
const pinned = new Map<string, object>(Object.entries(PINS));

test.each(cases)("%s holds on the reference", (id, each) => {
  const verdict = holdHere(judge(each, spec, hello), reference());
  expect({ ...verdict.failure?.violations[0], findings: verdict.findings, reason: verdict.reason }).toEqual({ findings: [] });
  expect(verdict.verdict).toBe("holds");
  expect(verdict.seen.unseen).toEqual([]);
  const pin = pinned.get(id);
  // If a change is meant: npm run pins -- --update
  expect(pin === undefined ? [] : changes({ [id]: pin }, { [id]: pinOf(each, verdict) })).toEqual([]);
});

test.each(cases.filter(([, { given }]) => given.backend === "any"))("%s holds on the other backend too", (_, each) => {
  const other = { ...each, given: { ...each.given, backend: "svm" as const } };
  expect(holdHere(judge(other, spec, hello), reference())).toMatchObject({ verdict: "holds", findings: [] });
});

test("each of the five posts has at least two cases that race", () => {
  const posts = [["vcpuid", "ipiv"], ["apicpg", "lock"], ["synic", "apicv"], ["avic"], ["xencfg", "xenrs", "xenev"]];
  const racing = posts.map((areas) => concurrent.filter(([id]) => areas.includes(id.slice(0, id.indexOf("/")))).length);
  expect(Math.min(...racing)).toBeGreaterThanOrEqual(2);
});

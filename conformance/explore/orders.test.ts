import type { EventClaim } from "../../spec/generated/types";
import { compile } from "../case/pattern";
import { testOf } from "../case/want";
import type { OrderClaim } from "../plan/claims";
import { Orders } from "./orders";

/** What a claim says of these events ("thread event"), in a run that ends with `x.y` at `end`. */
function judged(says: EventClaim, events: readonly string[], end = 1): string[] {
  const kind = says.order !== undefined ? "order" : says.never !== undefined ? "never" : "count";
  const counts = Object.entries(says.count ?? {}).map(([event, want]) => ({ event, test: testOf(want) }));
  const onlyIf = says.if === undefined ? undefined : compile(says.if, {});
  const claim: OrderClaim = { id: 0, rule: undefined, text: "", unseen: undefined, kind, says, counts, onlyIf, sights: [] };
  const orders = new Orders([claim]);
  const found: string[] = [];
  const broken = (_: OrderClaim, what: string): void => void found.push(what);
  for (const each of events) {
    const [thread = "", event = ""] = each.split(" ");
    orders.saw(event, thread, broken);
  }
  orders.ended({ now: () => end, before: () => undefined }, broken);
  return found;
}

test("a later event before an earlier one is out of order, whatever came between", () => {
  expect(judged({ order: ["a.a", "b.b"] }, ["P0 a.a", "P1 b.b", "P1 b.b"])).toEqual([]);
  expect(judged({ order: ["a.a", "b.b"] }, ["P0 a.a"])).toEqual([]);
  expect(judged({ order: ["a.a", "b.b"] }, ["P1 b.b", "P0 a.a"])).toEqual(["P1: b.b came before a.a"]);
  expect(judged({ order: ["a.a", "b.b", "c.c"] }, ["P0 a.a", "P0 c.c", "P0 b.b"])).toEqual(["P0: c.c came before b.b"]);
});

test("a star orders the events of one instance", () => {
  const order = ["vcpu.*.kick", "vcpu.*.out"];
  expect(judged({ order }, ["P0 vcpu.0.kick", "P0 vcpu.0.out"])).toEqual([]);
  expect(judged({ order }, ["P0 vcpu.0.kick", "P0 vcpu.1.out"])).toEqual(["P0: vcpu.1.out came before vcpu.*.kick"]);
  expect(judged({ order: ["a.a", "vcpu.*.out"] }, ["P0 a.a", "P0 vcpu.1.out"])).toEqual([]);
});

test("what must not happen between two events may happen outside, and on other threads", () => {
  const says: EventClaim = { never: "b.sleep", between: ["a.lock", "a.unlock"] };
  expect(judged(says, ["P0 b.sleep", "P0 a.lock", "P1 b.sleep", "P0 a.unlock", "P0 b.sleep"])).toEqual([]);
  expect(judged(says, ["P0 a.lock", "P0 b.sleep"])).toEqual(["P0: b.sleep happened after a.lock and before a.unlock"]);
  expect(judged({ never: "b.sleep" }, ["P1 b.sleep"])).toEqual(["P1: b.sleep happened"]);
});

test("events are counted in the whole run, over all instances", () => {
  expect(judged({ count: { "tlb.flush": 1 } }, ["P0 tlb.flush"])).toEqual([]);
  expect(judged({ count: { "tlb.flush": 1 } }, [])).toEqual(["tlb.flush happened 0 times"]);
  expect(judged({ count: { "vcpu.*.kick": { at_most: 1 } } }, ["P0 vcpu.0.kick", "P0 vcpu.1.kick"])).toEqual([
    "vcpu.*.kick happened 2 times",
  ]);
});

test("a claim about runs that end in one way is judged in those alone", () => {
  const says: EventClaim = { never: "b.sleep", if: { "x.y": 1 } };
  expect(judged(says, ["P0 b.sleep"], 1)).toEqual(["P0: b.sleep happened"]);
  expect(judged(says, ["P0 b.sleep"], 2)).toEqual([]);
});

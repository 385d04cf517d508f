import { stripVTControlCharacters } from "node:util";
import { failure, verdict, VIOLATION } from "../tools/verdicts";
import { lockGraph, type LockGraph } from "./lock-graph";
import { lockTable, summary, wrongOrder } from "./lock-report";

/** A case in which these pairs nested, each as `outer inner`. */
const told = (name: string, ...pairs: string[]) =>
  verdict({ case: `lock/${name}`, nested: pairs.map((pair) => ({ outer: pair.split(" ")[0] ?? "", inner: pair.split(" ")[1] ?? "" })) });

const cyclesIn = ({ cycles }: LockGraph): string[] => cycles.map((cycle) => cycle.map(({ outer }) => outer).join(" > "));

test("edges are gathered over all cases, each with those that made it", () => {
  const { classes, edges, cycles, cases } = lockGraph([told("a", "kvm_lock vcpu_mutex"), told("b", "kvm_lock vcpu_mutex"), told("c")]);
  expect(classes).toEqual(["kvm_lock", "vcpu_mutex"]);
  expect(edges).toEqual([{ outer: "kvm_lock", inner: "vcpu_mutex", cases: ["lock/a", "lock/b"] }]);
  expect([cycles, cases]).toEqual([[], 2]);
});

test("a cycle of two cases is found, of which each by itself is in order", () => {
  const [a, b] = [told("a", "slots_lock vcpu_mutex"), told("b", "vcpu_mutex slots_lock")];
  expect([...lockGraph([a]).cycles, ...lockGraph([b]).cycles]).toEqual([]);
  expect(cyclesIn(lockGraph([a, b]))).toEqual(["slots_lock > vcpu_mutex"]);
});

test("a long cycle is found once, by its shortest way", () => {
  const pairs = [
    "kvm_lock vcpu_mutex",
    "vcpu_mutex xen_lock",
    "xen_lock gpc_lock",
    "gpc_lock rq_lock",
    "xen_lock rq_lock",
    "rq_lock kvm_lock",
  ];
  expect(cyclesIn(lockGraph(pairs.map((pair, i) => told(String(i), pair))))).toContain("kvm_lock > vcpu_mutex > xen_lock > rq_lock");
});

test("a way that forks and meets again is no cycle", () => {
  expect(lockGraph([told("a", "kvm_lock slots_lock", "kvm_lock irq_lock", "slots_lock irq_lock")]).cycles).toEqual([]);
});

test("waiting for readers closes a cycle with what readers take", () => {
  expect(cyclesIn(lockGraph([told("a", "irq_lock kvm_srcu"), told("b", "kvm_srcu irq_lock")]))).toEqual(["irq_lock > kvm_srcu"]);
});

test("a pair that is forbidden is found, and so is a wait that is", () => {
  const { forbidden } = lockGraph([told("a", "vcpu_mutex kvm_lock", "xen_lock kvm_srcu")]);
  expect(forbidden.map(({ rule }) => rule)).toEqual(["lock.order.kvm-lock-first", "lock.xen.no-synchronize-inside"]);
});

test("what a case has failed for is not told again", () => {
  const failed = {
    ...told("a", "vcpu_mutex kvm_lock"),
    failure: failure({ violations: [{ ...VIOLATION, rule: "lock.order.kvm-lock-first" }] }),
  };
  expect(lockGraph([failed]).forbidden).toEqual([]);
  expect(lockGraph([failed, told("b", "vcpu_mutex kvm_lock")]).forbidden).toEqual([]);
  expect(lockGraph([{ ...failed, nested: [] }, told("b", "vcpu_mutex kvm_lock")]).forbidden).toHaveLength(1);
});

test("the table has a line for each nesting of any log, and says of each log what it comes to", () => {
  const [model, real] = [
    lockGraph([told("a", "kvm_lock vcpu_mutex", "slots_lock kvm_srcu")]),
    lockGraph([told("b", "slots_lock irq_lock")]),
  ];
  const lines = lockTable([
    { of: "reference", graph: model },
    { of: "v6.12", graph: real },
  ]).map(stripVTControlCharacters);
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["lock", "inside it", "cases on reference", "cases on v6.12", "the first"],
    ["kvm_lock", "vcpu_mutex", "1", "-", "lock/a"],
    ["slots_lock", "irq_lock", "-", "1", "lock/b"],
    ["slots_lock", "waits for kvm_srcu", "1", "-", "lock/a"],
    [""],
    [`reference: ${summary(model)}`],
    [`v6.12: ${summary(real)}`],
  ]);
  expect(summary(model)).toBe("2 nestings of 4 locks, told of by 1 case: no forbidden pair, no cycle");
});

test("a cycle is told with both its sides: the cases, and the call paths that are known", () => {
  const graph = lockGraph([told("a", "slots_lock vcpu_mutex"), told("b", "vcpu_mutex slots_lock"), told("c", "vcpu_mutex slots_lock")]);
  const lines = wrongOrder(graph, ({ outer }) => (outer === "slots_lock" ? "P0: slots_lock (memslots.swap), then vcpu_mutex" : undefined));
  expect(lines.map(stripVTControlCharacters)).toEqual([
    "",
    "broken  the order of locks over all cases   rule lock.order.no-cycle",
    "        a cycle: slots_lock > vcpu_mutex > slots_lock; no run of any case has to deadlock for that",
    "        slots_lock, then vcpu_mutex, in lock/a",
    "          P0: slots_lock (memslots.swap), then vcpu_mutex",
    "        vcpu_mutex, then slots_lock, in lock/b, lock/c",
  ]);
});

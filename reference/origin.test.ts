/** A world that was put back is the world that was built, whatever a run has done to it. */
import { holdHere } from "../conformance/adapter/door";
import { explore } from "../conformance/explore/explore";
import { sleepSets } from "../conformance/explore/sleep-sets";
import type { Reply } from "../spec/generated/types";
import { cases, planned } from "../tools/shipped";
import { reference } from "./adapter";
import type { Machine } from "./machine";
import { Origin } from "./origin";
import { Mutex } from "./sync/mutex";
import { Srcu } from "./sync/srcu";
import { Cell, is_step } from "./task";
import { Threads } from "./threads";

/** Made when it is first asked for, and the same in every run. */
const MADE_LATER = ["loads", "stores", "rmws", "locks", "unlocks", "steps"];

/** All that can be reached from an object, as text. */
function shown(root: object): string {
  const numbers = new Map<object, number>();
  const lines: string[] = [];
  const show = (what: unknown): string => {
    if (typeof what !== "object" || what === null) return typeof what === "function" ? "code" : `${typeof what} ${String(what)}`;
    if (is_step(what)) return "step";
    let number = numbers.get(what);
    if (number !== undefined) return `#${number}`;
    numbers.set(what, (number = numbers.size));
    const members = what instanceof Map || what instanceof Set ? [...what.entries()] : Object.entries(what).sort();
    const each = members.map(([key, value]) => (MADE_LATER.includes(key as string) ? "" : `${show(key)}: ${show(value)}`));
    lines.push(`#${number} ${what.constructor.name} ${each.join(", ")}`);
    return `#${number}`;
  };
  show(root);
  return lines.join("\n");
}

function small_world() {
  const cell = new Cell<unknown>("a cell", 1);
  const mutex = new Mutex("a mutex", "slots_lock", new Map());
  const srcu = new Srcu("a domain", "kvm_srcu", new Map());
  const held = { count: 1, ids: new Set([1, 2, 3]) };
  const cells = new Map([
    ["a", new Cell("a", 0)],
    ["b", new Cell("b", 0)],
  ]);
  return { cell, mutex, srcu, held, cells, list: [cell], pointer: new Cell("pointer", { entries: new Map([[1, { valid: true }]]) }) };
}

type World = ReturnType<typeof small_world>;
const stack = { name: "a thread", held: [], preempt_count: 0, irqs_off: 0 };

test.each<[string, (world: World) => unknown]>([
  ["a cell", ({ cell }) => (cell.now = 2)],
  ["the count of its stores", ({ cell }) => cell.version++],
  ["a record", ({ held }) => held.count++],
  ["what a cell leads to", ({ pointer }) => Object.assign(pointer.now.entries.get(1) ?? {}, { valid: false })],
  ["a table that a cell leads to", ({ pointer }) => pointer.now.entries.set(2, { valid: true })],
  ["a cell that leads elsewhere", ({ pointer }) => (pointer.now = { entries: new Map() })],
  ["who holds a mutex", ({ mutex }) => (mutex.owner = stack)],
  ["the open read sections", ({ srcu }) => srcu.sessions.add({ open: true })],
  ["a set with as many others in it", ({ held }) => held.ids.delete(3) && held.ids.add(4)],
  ["a set in another order", ({ held }) => held.ids.delete(1) && held.ids.add(1)],
  ["a table with more in it", ({ cells }) => cells.set("c", new Cell("c", 0))],
  ["a table with another cell in it", ({ cells }) => cells.set("a", new Cell("a", 1))],
  ["an empty table", ({ cells }) => cells.clear()],
  ["a longer list", ({ list, cell }) => list.push(cell)],
  ["a shorter list", ({ list }) => list.pop()],
  ["what was hung on a record", ({ held }) => Object.assign(held, { besides: true })],
  ["what was taken from a record", ({ held }) => Reflect.deleteProperty(held, "count")],
])("%s is put back", (_, change) => {
  const world = small_world();
  const before = shown(world);
  const origin = new Origin([world]);
  change(world);
  expect(shown(world)).not.toBe(before);
  origin.restore();
  expect(shown(world)).toBe(before);
});

test("a step is made once for all runs", () => {
  const world = small_world();
  const origin = new Origin([world]);
  const steps = [world.cell.load, world.mutex.lock];
  origin.restore();
  expect([world.cell.load, world.mutex.lock].every((step, i) => step === steps[i])).toBe(true);
});

/** Threads that look at each world before anything is done in it. */
class Looking extends Threads<Machine> {
  readonly met: string[] = [];
  private machine: Machine | undefined;

  override enter(machine: Machine): void {
    this.machine = machine;
    this.met.push(this.now());
    super.enter(machine);
  }

  now(): string {
    return shown([this.machine?.kvm, this.machine?.reports, this.machine?.faults]);
  }
}

test.each(cases)("each world of %s is the first", (_, each) => {
  const looking = new Looking();
  const door = reference(undefined, looking);
  const plan = planned(each);
  for (let i = 0; i < 3; i++) holdHere(explore(plan, { strategy: sleepSets, limits: { runs: 3, steps: 20_000 } }), door);
  expect(looking.met.length).toBeGreaterThan(1);
  expect(new Set(looking.met).size).toBe(1);
  // Where threads race there is something to put back.
  expect(each.threads === undefined || looking.now() !== looking.met[0]).toBe(true);
});

test("what is given otherwise is another world", () => {
  const door = reference();
  const online = (vcpus: number): Reply => {
    door({ op: "open", given: { backend: "none", vcpus } });
    return door({ op: "read", names: ["vm.online_vcpus"] });
  };
  const values = [1, 2, 2, 1].map((vcpus) => online(vcpus));
  expect(values).toEqual([1, 2, 2, 1].map((count) => ({ values: { "vm.online_vcpus": count } })));
});

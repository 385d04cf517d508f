import { caseOf, doorOf, helloOf, specOf, type Program } from "../../../fixtures/programs/program";
import { baton, crowded } from "../../../fixtures/programs/baton";
import { asks, crossed, faults, gracePeriod, handled, readers, readersWriter, spawned, writers } from "../../../fixtures/programs/small";
import { Cell, type Task } from "../../../reference/task";
import type { HelloReply, Value } from "../../../spec/generated/types";
import { plannedProgram } from "../../../tools/shipped";
import { holdHere, holdOver, type Door } from "../../adapter/door";
import { plan, type Plan } from "../../plan/plan";
import { Exploration } from "../exploration";
import { explore } from "../explore";
import { naive } from "../naive";
import { random } from "../random";
import { replay } from "../replay";
import { Run } from "../run";
import { writeSchedule, type Choice } from "../schedule";
import type { Strategy } from "../strategy";
import type { Violation } from "../violation";
import { isSameFailure } from "./same";
import { Shortener, type Shortest } from "./shorten";
import { linearise } from "./linearise";
import { contextSwitches, stretchesOf } from "./stretch";
import { Trace } from "./trace";

const LIMITS = { runs: 100_000, steps: 1000 };
const ENOUGH = 1000;

/** A failing run, and what it broke. */
interface Found {
  readonly schedule: readonly Choice[];
  readonly violations: readonly Violation[];
}

/** Every run that a strategy has, with what it broke. */
function* runsOf(planned: Plan, strategy: Strategy, door: Door): Generator<Found> {
  const run = new Run(new Exploration(planned, LIMITS, undefined), false);
  while (strategy.begin()) {
    const { taken, violations } = holdHere(run.go(strategy), door);
    yield { schedule: taken.map(({ thread, pick }) => ({ thread, pick })), violations };
  }
}

function failures(program: Program, seed: number, count: number): Found[] {
  const found: Found[] = [];
  for (const run of runsOf(plannedProgram(program), random(Infinity, seed), doorOf(program)))
    if (run.violations.length > 0 && found.push(run) === count) break;
  return found;
}

function switchesOf({ schedule, violations }: Found): number {
  return contextSwitches(schedule, violations[0]?.step);
}

function shortened(program: Program, found: Found, most = ENOUGH, door = doorOf(program)): Shortest {
  return shortenedBy(new Shortener(plannedProgram(program), LIMITS, found.violations, most), found, door);
}

function shortenedBy(shortener: Shortener, { schedule }: Found, door: Door): Shortest {
  const shortest = holdHere(shortener.shorten(schedule), door);
  if (shortest === undefined) throw new Error("the failure cannot be made again");
  return shortest;
}

/** Whether the run that came out is one that fails as the one found: by its schedule alone, in a new exploration. */
function failsAlike({ violations }: Found, { failing: { taken, written } }: Shortest, program: Program): boolean {
  const strategy = replay(taken.slice(0, written));
  const again = holdHere(explore(plannedProgram(program), { strategy: () => strategy, limits: LIMITS }), doorOf(program));
  return isSameFailure(violations, again.violations);
}

test("no schedule drops the baton with fewer than three context switches", () => {
  let fewest = Infinity;
  let runs = 0;
  for (const run of runsOf(plannedProgram(baton), naive(), doorOf(baton))) {
    runs++;
    if (run.violations.length > 0) fewest = Math.min(fewest, switchesOf(run));
  }
  expect(runs).toBeGreaterThan(1000);
  expect(fewest).toBe(3);
});

const FOUND = failures(baton, 1, 8);

test("the failures to be shortened are not short, and differ", () => {
  const switches = FOUND.map(switchesOf);
  expect(Math.min(...switches)).toBeGreaterThan(4);
  expect(new Set(FOUND.map(({ schedule }) => writeSchedule(schedule))).size).toBe(8);
});

test.each(FOUND.map((found) => [writeSchedule(found.schedule), found] as const))(
  "%s is shortened to three context switches",
  (_, found) => {
    const { failing, from, stopped } = shortened(baton, found);
    expect({ switches: failing.switches, from, stopped }).toEqual({ switches: 3, from: switchesOf(found), stopped: undefined });
  },
);

test("what comes out fails as what was found, whatever it was shortened from", () => {
  for (const found of FOUND) expect(failsAlike(found, shortened(baton, found), baton)).toBe(true);
});

/** Takes what should be shorter for shorter, without looking whether its run fails. */
class Believing extends Shortener {
  protected override isShownBy(): boolean {
    return true;
  }
}

test("a shortener that does not look whether a run fails is caught", () => {
  const [found] = FOUND;
  if (found === undefined) throw new Error("nothing was found");
  const believed = shortenedBy(new Believing(plannedProgram(baton), LIMITS, found.violations, ENOUGH), found, doorOf(baton));
  expect(believed.failing.switches).toBeLessThan(3);
  expect(failsAlike(found, believed, baton)).toBe(false);
});

test("the bound on runs is kept and said, and what was found by then fails", () => {
  for (const [i, found] of FOUND.entries()) {
    const shortest = shortened(baton, found, i + 1);
    expect(shortest).toMatchObject({ replays: i + 1, stopped: `after ${i + 1} runs` });
    expect(failsAlike(found, shortest, baton)).toBe(true);
  }
});

test("a run that brings the implementation down ends it, and what was found by then is kept", () => {
  const [found] = FOUND;
  if (found === undefined) throw new Error("nothing was found");
  const door = doorOf(baton);
  let worlds = 0;
  const fragile: Door = (request) => {
    if (request.op === "open") worlds++;
    return request.op === "step" && worlds === 4 ? { error: "BUG: soft lockup" } : door(request);
  };
  const shortest = shortened(baton, found, ENOUGH, fragile);
  expect(shortest).toMatchObject({ replays: 4, stopped: "where a run ended otherwise: BUG: soft lockup" });
  expect(failsAlike(found, shortest, baton)).toBe(true);
});

test("who answers later, in copies, has its failures shortened too", async () => {
  const [found] = FOUND;
  if (found === undefined) throw new Error("nothing was found");
  const door = doorOf(baton);
  const shortener = new Shortener(plannedProgram(baton), LIMITS, found.violations, ENOUGH);
  const shortest = await holdOver(shortener.shorten(found.schedule), (request) => Promise.resolve(plain(door(request))));
  expect(shortest?.failing.switches).toBe(3);
});

/** Of a reply what a pipe lets through. */
function plain<T>(reply: T): T {
  const named = (key: string, value: unknown): unknown =>
    key === "on" ? (value as { name: string }[]).map(({ name }) => ({ name })) : value;
  return JSON.parse(JSON.stringify(reply, named)) as T;
}

test("calls that it does not need are left to the end, and so are threads", () => {
  for (const found of failures(crowded, 7, 6)) {
    const { failing } = shortened(crowded, found);
    const { taken, step, begins } = failing;
    const steps = [0, 1, 2, 3].map((thread) => taken.slice(0, step).filter((each) => each.thread === thread).length);
    expect(failing.switches).toBe(3);
    // Of P0, P1 and P2 the first call, of P3 none.
    expect(steps.map((count, thread) => begins[thread]?.filter((begun) => begun < count).length)).toEqual([1, 1, 1, 0]);
  }
});

/** A program behind a door that makes whole calls. */
function wholeCalls(program: Program): { planned: Plan; door: Door } {
  const hello: HelloReply = { ...helloOf(program), control: "call" };
  const planned = plan(caseOf(program), specOf(program), hello);
  if ("verdict" in planned) throw new Error(planned.reason);
  const inside = doorOf(program);
  const door: Door = (request) => {
    let reply = inside(request);
    if (request.op !== "call") return reply;
    const standing = () => ("threads" in reply ? reply.threads?.[request.thread] : undefined);
    while (standing()?.next !== undefined) reply = inside({ op: "step", thread: request.thread });
    return { returned: standing()?.returned ?? "nothing" };
  };
  return { planned, door };
}

test("orders of whole calls are shortened too", () => {
  const ajar: Program = {
    world: () => {
      const cells = ["open", "in", "bell"].map((name) => new Cell(name, 0));
      const [open, inside, bell] = cells as [Cell<number>, Cell<number>, Cell<number>];
      const put = function* (cell: Cell<number>, value: number): Task<Value> {
        yield cell.store;
        cell.now = value;
        return "ok";
      };
      return {
        calls: {
          "toy.open": () => put(open, 1),
          "toy.shut": () => put(open, 0),
          "toy.ring": () => put(bell, 1),
          "toy.enter": () => put(inside, open.now),
        },
        reads: { "toy.in": () => inside.now },
      };
    },
    of: { "toy.in": ["in"] },
    claims: {
      threads: {
        P0: [asks("toy.ring"), asks("toy.open"), asks("toy.ring"), asks("toy.shut")],
        P1: [asks("toy.ring"), asks("toy.ring"), asks("toy.enter"), asks("toy.ring")],
      },
      always: [{ "toy.in": 0 }],
    },
  };
  const { planned, door } = wholeCalls(ajar);
  for (const run of runsOf(planned, random(Infinity, 3), door)) {
    if (run.violations.length === 0 || switchesOf(run) < 4) continue;
    const { failing } = shortenedBy(new Shortener(planned, LIMITS, run.violations, ENOUGH), run, door);
    // P0 opens, and P1 enters before it is shut.
    expect(writeSchedule(failing.taken.slice(0, failing.step))).toBe("00111");
    break;
  }
});

/** Programs all of whose runs can be gone through. */
const SMALL: Record<string, Program> = {
  baton,
  crossed,
  readersWriter,
  gracePeriod,
  faults,
  handled,
  spawned,
  "three readers": readers(3),
  "three writers": writers(3),
};

test.each(Object.entries(SMALL))("%s: a run is reordered to the fewest context switches that any run of its trace has", (_, program) => {
  const planned = plannedProgram(program);
  const whole = new Exploration(planned, LIMITS, undefined);
  const door = doorOf(program);
  const strategy = naive();
  const born: number[] = [];
  const noting: Strategy = {
    ...strategy,
    begin: () => ((born.length = 0), strategy.begin()),
    choose: (depth, enabled, there) => {
      while (born.length < there.threads) born.push(depth);
      return strategy.choose(depth, enabled, there);
    },
  };
  const fewest = new Map<string, number>();
  const orders = new Map<string, number>();
  while (noting.begin()) {
    const { taken } = holdHere(new Run(whole, false).go(noting), door);
    const trace = new Trace(taken, whole.footprints.dependent, born);
    const order = linearise(
      trace,
      trace.whole.map(() => 0),
      trace.whole,
    );
    // A trace is known by its steps, and what of each other thread each comes after.
    const steps = taken.map(({ thread, pick }, n) => `${thread}.${pick} ${trace.past(n).join()}`);
    const key = steps.sort().join("; ");
    fewest.set(key, Math.min(fewest.get(key) ?? Infinity, stretchesOf(taken).length));
    orders.set(key, order.length);
  }
  expect(fewest.size).toBeGreaterThan(0);
  expect(orders).toEqual(fewest);
});

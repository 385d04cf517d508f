/** The strategies that are no reduction: what each of them finds, misses, and says of itself. */
import { PROGRAMS } from "../../fixtures/programs/claimed";
import { caseOf, doorOf, helloOf, specOf, type Program } from "../../fixtures/programs/program";
import { runnable, type Code } from "../../fixtures/programs/random";
import { randomCode } from "../../fixtures/programs/random-code";
import { asks, get, independent, set, writers } from "../../fixtures/programs/small";
import { apart, inTurns, preemptionsOf } from "../../fixtures/programs/turns";
import { Cell, step, type Task } from "../../reference/task";
import type { Value } from "../../spec/generated/types";
import type { Kind } from "../../spec/steps";
import { plannedProgram } from "../../tools/shipped";
import { holdHere } from "../adapter/door";
import { judge } from "../verdict/judge";
import type { Verdict } from "../verdict/verdict";
import { bounded } from "./bounded";
import { explore, type Explored, type Options } from "./explore";
import { Fingerprint } from "./fingerprint";
import type { Dependent } from "./footprint";
import { naive } from "./naive";
import { numbers } from "./numbers";
import { optimal } from "./optimal";
import { pct } from "./pct";
import { random } from "./random";
import { sleepSets } from "./sleep-sets";
import { states } from "./states";
import type { Strategy } from "./strategy";

const LIMITS = { runs: 100_000, steps: 1000 };

function explored(program: Program, strategy: Options["strategy"], limits = LIMITS): Explored {
  return holdHere(explore(plannedProgram(program), { strategy, limits, record: true }), doorOf(program));
}

function judged(program: Program, strategy: Options["strategy"], limits = LIMITS): Verdict {
  return holdHere(judge(caseOf(program), specOf(program), helloOf(program), { strategy, limits }), doorOf(program));
}

/** What every schedule shows, but for the order in which claims saw it. */
function findings({ stopped, whole, violations, deadlocks }: Explored) {
  return {
    stopped,
    deadlocked: deadlocks > 0,
    ends: [...whole.ends.all].sort(),
    reached: [...whole.watch.reached].sort(),
    violations: [...new Set(violations.map(({ kind, text, what }) => `${kind}: ${text}: ${what}`))].sort(),
  };
}

/** The threads that take steps, run by run. */
function schedules(program: Program, make: () => Strategy): string[] {
  const all: string[] = [];
  const watched = (): Strategy => {
    const inner = make();
    return {
      name: inner.name,
      complete: false,
      begin: () => inner.begin() && all.push("") > 0,
      choose(depth, enabled, there) {
        const chosen = inner.choose(depth, enabled, there);
        all.push(`${all.pop() ?? ""}${chosen?.thread ?? "-"}`);
        return chosen;
      },
    };
  };
  explored(program, watched);
  return all;
}

describe("states", () => {
  test.each(Object.entries(PROGRAMS))("%s: the states show what all schedules show", (_, program) => {
    const [all, each] = [explored(program, naive), explored(program, states)];
    expect(each.complete).toBe(true);
    expect(findings(each)).toEqual(findings(all));
    expect(each.runs).toBeLessThanOrEqual(all.runs);
  });

  test("random programs end in the same states as with sleep sets", () => {
    const ends = (code: Code, make: Options["strategy"]): { ends: string[]; complete: boolean } => {
      const { program, state } = runnable(code);
      const all = new Set<string>();
      const noting = (dependent: Dependent): Strategy => {
        const inner = make(dependent);
        const { name, complete } = inner;
        const ended: Strategy["ended"] = (waiting) => void all.add(`${state()} ${waiting.length}`);
        return { name, complete, begin: () => inner.begin(), choose: (...args) => inner.choose(...args), ended };
      };
      const { complete } = explored(program, noting, { runs: 1_500, steps: 400 });
      return { ends: [...all].sort(), complete };
    };
    let compared = 0;
    for (let i = 0; i < 60; i++) {
      const code = randomCode(numbers(9_000_017 + i));
      const all = ends(code, sleepSets);
      if (!all.complete) continue;
      expect({ code, ...ends(code, states) }).toEqual({ code, ...all });
      compared++;
    }
    expect(compared).toBeGreaterThan(30);
  });

  test.each([2, 3, 4, 5])("%i writers of one cell: who is done, and who wrote last", (n) => {
    const { told, runs } = explored(writers(n), states);
    // Of those that are done any may have been the last. The end is no state to go on from.
    const expected = Array.from({ length: n }, (_, done) => choose(n, done) * Math.max(done, 1)).reduce((a, b) => a + b);
    expect(told).toEqual({ states: expected });
    expect(runs).toBeLessThanOrEqual(n * n);
  });

  test("without what the threads received, a state is taken for another and a violation is missed", () => {
    class Forgetful extends Fingerprint {
      protected override received(_kind: Kind, _object: string): number {
        return 0;
      }
    }
    const program: Program = {
      world: () => {
        const x = new Cell("x", 0);
        const lookThenSet = function* () {
          const seen = yield* get(x);
          yield* set(x, 2);
          return seen;
        };
        return { calls: { "toy.look": lookThenSet, "toy.set": () => set(x, 1) }, reads: {} };
      },
      claims: { threads: { P0: [asks("toy.look", { returns: 0 })], P1: [asks("toy.set")] } },
    };
    expect(judged(program, naive).verdict).toBe("broken");
    expect(judged(program, states).verdict).toBe("broken");
    expect(judged(program, (dependent) => states(dependent, new Forgetful())).verdict).toBe("holds");
  });
});

describe("bounded", () => {
  /** The schedules of two threads of m steps: one goes on a times and the other b times, a step at least each time. */
  const withPreemptions = (m: number, most: number): number => {
    let all = 0;
    for (let a = 1; a <= m; a++)
      for (let b = Math.max(1, a - 1); b <= Math.min(m, a + 1); b++)
        if (a + b - 2 <= most) all += choose(m - 1, a - 1) * choose(m - 1, b - 1) * (a === b ? 2 : 1);
    return all;
  };

  test.each([0, 1, 2, 3, 4])("there are as many schedules with at most %i preemptions as there should be", (most) => {
    expect(explored(apart(5), () => bounded(most))).toMatchObject({ runs: withPreemptions(5, most), complete: false, stopped: undefined });
    expect(new Set(schedules(apart(5), () => bounded(most))).size).toBe(withPreemptions(5, most));
  });

  test.each(Object.entries(PROGRAMS))("%s: with enough preemptions it is every schedule", (_, program) => {
    const [all, most] = [explored(program, naive), explored(program, () => bounded(100))];
    expect(most).toMatchObject({ runs: all.runs, complete: false });
    expect(findings(most)).toEqual(findings(all));
  });

  test.each([2, 3])("what takes %i turns is missed with one preemption less, and found with as few as it takes", (times) => {
    const few = judged(inTurns(times), () => bounded(preemptionsOf(times) - 1));
    expect(few).toMatchObject({ verdict: "holds", findings: [] });
    expect(few.how).toMatchObject({ covered: "few preemptions", preemptions: preemptionsOf(times) - 1 });
    const found = judged(inTurns(times), () => bounded(preemptionsOf(times) + 1));
    expect(found).toMatchObject({ verdict: "broken", how: { preemptions: preemptionsOf(times) - 1 } });
  });

  test("a limit that is reached leaves the case unfinished, and says which bound was done", () => {
    const runs = withPreemptions(5, 1) + 1;
    const { verdict, how, reason } = judged(apart(5), () => bounded(3), { ...LIMITS, runs });
    expect({ verdict, reason }).toEqual({ verdict: "unfinished", reason: `after ${runs} runs there were more` });
    expect(how).toMatchObject({ covered: "few preemptions", preemptions: 1 });
  });
});

describe("random", () => {
  const made = (seed: number): Record<string, () => Strategy> => ({ pct: () => pct(50, 3, seed), random: () => random(50, seed) });

  test.each(["pct", "random"] as const)("%s: the same seed makes the same runs, and another one others", (name) => {
    const [first, again, other] = [1, 1, 2].map((seed) => schedules(inTurns(3), made(seed)[name] as () => Strategy));
    expect(first).toHaveLength(50);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(10);
  });

  test.each(["pct", "random"] as const)("%s finds what a few turns show, and finds it again", (name) => {
    const [found, again] = [1, 1].map((seed) => judged(inTurns(2), made(seed)[name] as () => Strategy));
    expect(found).toMatchObject({ verdict: "broken", how: { covered: "random runs", seed: 1 } });
    expect(again?.failure).toEqual(found?.failure);
  });

  test.each(["pct", "random"] as const)("%s does not find what never happens, and claims no more than its runs", (name) => {
    const verdict = judged(writers(3), made(1)[name] as () => Strategy);
    expect(verdict).toMatchObject({ verdict: "holds", findings: [], how: { covered: "random runs", runs: 50 } });
  });

  test("without changes of priority no thread is put off once it goes on", () => {
    for (const schedule of schedules(apart(4), () => pct(40, 0, 1))) expect(["00001111", "11110000"]).toContain(schedule);
    expect(new Set(schedules(apart(4), () => pct(40, 1, 1))).size).toBeGreaterThan(2);
  });

  test("where there is nothing to choose, one run is all there is", () => {
    for (const make of [() => random(50, 1), () => pct(50, 3, 1)])
      expect(judged(independent(1), make).how).toMatchObject({ covered: "one run", runs: 1 });
  });
});

function choose(n: number, k: number): number {
  return k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k;
}

test.each([
  ["is taken", true],
  ["only waits, to the end of the one run", false],
])("a step of a kind that no rule is about and that %s is left to sleep sets", (_, ready) => {
  const program: Program = {
    world: () => {
      const x = new Cell("x", 0);
      const join = function* (): Task<Value> {
        yield step("join", [x], undefined, () => ready);
        return "ok";
      };
      return { calls: { "toy.join": join }, reads: {} };
    },
    claims: { threads: { P0: [asks("toy.join")] }, never: ["deadlock"] },
  };
  expect(explored(program, optimal)).toMatchObject({ strategy: "sleep-sets", complete: true });
});

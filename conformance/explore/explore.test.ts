import { doorOf, type Program } from "../../fixtures/programs/program";
import { beforeReturning, flags, ordered, pairs, PROGRAMS, torn } from "../../fixtures/programs/claimed";
import {
  asks,
  crossed,
  faults,
  gracePeriod,
  handled,
  independent,
  readers,
  readersWriter,
  retries,
  set,
  spawned,
  writers,
} from "../../fixtures/programs/small";
import { reference } from "../../reference/adapter";
import { Cell } from "../../reference/task";
import type { Case, HelloReply } from "../../spec/generated/types";
import { conflict, type Kind } from "../../spec/steps";
import { answered, holdHere, type Door } from "../adapter/door";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { plan } from "../plan/plan";
import { plannedProgram } from "../../tools/shipped";
import { explore, type Explored, type Options } from "./explore";
import type { Dependent } from "./footprint";
import { naive } from "./naive";
import { optimal } from "./optimal";
import { sleepSets } from "./sleep-sets";

const { spec } = loadSpec(packageRoot());

function explored(program: Program, strategy: Options["strategy"]): Explored {
  return holdHere(
    explore(plannedProgram(program), { strategy, limits: { runs: 100_000, steps: 1000 }, record: true, sequences: true }),
    doorOf(program),
  );
}

/** All that two complete explorations of one program must agree on. */
function findings({ complete, stopped, whole, violations, sequences }: Explored) {
  return {
    complete,
    stopped,
    ends: [...whole.ends.all].sort(),
    reached: [...whole.watch.reached].sort(),
    violations: [...new Set(violations.map(({ kind, text, what }) => `${kind}: ${text}: ${what}`))].sort(),
    sequences: [...(sequences?.seen ?? [])].map(([claim, seen]) => [claim, ...[...seen].sort()]).sort(),
  };
}

test.each(Object.entries(PROGRAMS))("%s: sleep sets find what all schedules find", (_, program) => {
  const all = explored(program, naive);
  const reduced = explored(program, sleepSets);
  expect(all.complete).toBe(true);
  expect(findings(reduced)).toEqual(findings(all));
  expect(reduced.runs).toBeLessThanOrEqual(all.runs);
  expect(reduced.deadlocks === 0).toBe(all.deadlocks === 0);
});

test.each(Object.entries(PROGRAMS))("%s: one run for each trace finds what all schedules find", (_, program) => {
  const all = explored(program, naive);
  const once = explored(program, optimal);
  expect(once).toMatchObject({ strategy: "optimal", redundant: 0, runs: explored(program, sleepSets).runs });
  expect(findings(once)).toEqual(findings(all));
  expect(once.deadlocks === 0).toBe(all.deadlocks === 0);
});

/** Concurrent cases of the specification that all schedules can be tried of. */
const SMALL_CASES = [
  "lock/memslots-wait-for-an-invalidation",
  "vcpuid/a-failed-creation-leaves-the-limit-fixed",
  "vcpuid/a-vcpu-is-found-only-when-complete",
  "vcpuid/one-id-wanted-twice-is-had-once",
  "vcpuid/the-limit-and-the-first-vcpu-cannot-both-win",
  "xenev/unmasking-while-an-event-comes-loses-nothing",
  "xenrs/a-preempted-vcpu-is-runnable",
  "xenrs/a-vcpu-that-was-preempted-enters-as-running",
];

test.each(SMALL_CASES)("%s: sleep sets find on the reference what all schedules find", (id) => {
  const door = reference();
  const hello = answered<HelloReply>(door({ op: "hello", protocol: 1, runner: "test" }));
  const planned = plan(spec.cases.get(id) as Case, spec, hello);
  if ("verdict" in planned) throw new Error(planned.reason);
  const by = (strategy: Options["strategy"]): Explored =>
    holdHere(explore(planned, { strategy, limits: { runs: 20_000, steps: 1000 }, record: true, sequences: true }), door);
  const [all, reduced] = [by(naive), by(sleepSets)];
  expect(all.complete).toBe(true);
  expect(findings(reduced)).toEqual(findings(all));
  expect(findings(reduced).violations).toEqual([]);
});

test.each<[string, Program, number]>([
  ["five independent threads", independent(5), 1],
  ["three readers of one writer", readers(3), 8],
  ["five readers of one writer", readers(5), 32],
  ["four writers", writers(4), 24],
  ["a claim for each of two, which share nothing", pairs, 1],
])("%s: sleep sets make exactly the runs that differ", (_, program, runs) => {
  const reduced = explored(program, sleepSets);
  expect(reduced).toMatchObject({ runs, violations: [] });
});

test("what is wrong is found in the programs where something is, and nothing else", () => {
  const wrong = (program: Program): string[] => findings(explored(program, sleepSets)).violations;
  expect(wrong(crossed)).toEqual([
    "lock-order: never lock-order: a inside b, by P1",
    "stuck: every call returns: deadlock: P0 in toy.ab waits for b (lock); P1 in toy.ba waits for a (lock)",
  ]);
  expect(wrong(flags)).toEqual(["always: if toy.b then toy.a: toy.a is false"]);
  expect(wrong(torn(true))).toEqual([]);
  expect(wrong(torn(false)).length).toBeGreaterThan(0);
  expect(wrong(ordered)).toEqual(["order: toy.first before toy.second: P1: toy.second came before toy.first"]);
  expect(wrong(beforeReturning)).toEqual(["then: P0: when toy.own returns, toy.other = 0: toy.other is 1"]);
  for (const program of [readersWriter, gracePeriod, faults, retries, handled, pairs]) expect(wrong(program)).toEqual([]);
});

test("a loop that nothing can end is a livelock", () => {
  const { claims } = retries;
  const alone: Program = { ...retries, claims: { ...claims, threads: { P0: [asks("toy.retry")] } } };
  expect(findings(explored(alone, sleepSets)).violations).toEqual([
    "stuck: every call returns: livelock: P0 in toy.retry retries until busy changes",
  ]);
});

test("a call that stays blocked is no deadlock, and one that does not is wrong", () => {
  const stays = (threads: NonNullable<Program["claims"]["threads"]>): string[] =>
    findings(explored({ ...retries, claims: { ...retries.claims, threads, finally: [{ "toy.x": { at_most: 1 } }] } }, sleepSets))
      .violations;
  expect(stays({ P0: [asks("toy.retry", { stays: "blocked" })] })).toEqual([]);
  expect(stays({ P0: [asks("toy.retry", { stays: "blocked" })], P1: [asks("toy.ready")] })).toEqual([
    'returned: toy.retry stays blocked: P0: toy.retry returned "ok"',
  ]);
});

/** Dependent by what steps touch alone, as if no claim looked on. */
const blind: Dependent = (a, b) =>
  a.stack === b.stack ||
  (conflict(a.does.kind as Kind, b.does.kind as Kind) && a.does.objects.some((object) => b.does.objects.includes(object)));

test.each([flags, ordered, beforeReturning])("without claims as objects of their own, exploration misses what they see (%#)", (program) => {
  const all = findings(explored(program, naive));
  expect(findings(explored(program, () => sleepSets(blind)))).not.toEqual(all);
  expect(findings(explored(program, () => optimal(blind)))).not.toEqual(all);
});

test.each([
  ["where the runs part", 2, "after the same 0 steps, P1 announced store of x"],
  ["before", 3, "after the same 0 steps, P0 announced store of x"],
])("a world that does not repeat itself %s is found", (_where, count, says) => {
  const named = (name: string): Program => ({
    ...writers(count),
    world: () => {
      const x = new Cell(name, 0);
      const calls = Array.from({ length: count }, (_, i) => [`toy.write${i}`, () => set(x, i)] as const);
      return { calls: Object.fromEntries(calls), reads: { "toy.x": () => x.now } };
    },
  });
  const [first, later] = [doorOf(named("x")), doorOf(named("y"))];
  let opened = 0;
  const door: Door = (request) => {
    if (request.op === "open") opened++;
    return opened <= 1 ? first(request) : later(request);
  };
  const { violations } = holdHere(explore(plannedProgram(named("x")), { strategy: sleepSets, limits: { runs: 10, steps: 100 } }), door);
  expect(violations).toMatchObject([{ kind: "nondeterministic", what: expect.stringContaining(says) as string }]);
});

test("a thread that a call starts joins the exploration", () => {
  const { whole } = explored(spawned, sleepSets);
  expect([...whole.ends.all].map((end) => end.replaceAll('"', "")).sort()).toEqual([
    "[[[P0,[0]],[P0.1,[]],[P1,[ok]]],[[toy.x,1]]]",
    "[[[P0,[0]],[P0.1,[]],[P1,[ok]]],[[toy.x,2]]]",
    "[[[P0,[1]],[P0.1,[]],[P1,[ok]]],[[toy.x,1]]]",
    "[[[P0,[1]],[P0.1,[]],[P1,[ok]]],[[toy.x,2]]]",
    "[[[P0,[2]],[P0.1,[]],[P1,[ok]]],[[toy.x,1]]]",
    "[[[P0,[2]],[P0.1,[]],[P1,[ok]]],[[toy.x,2]]]",
  ]);
});

test("an end to which a thread was started differs from one to which none was, though nothing else does", () => {
  const world: Program["world"] = (spawn) => {
    const x = new Cell("x", 0);
    return {
      calls: {
        "toy.write": () => set(x, 1),
        "toy.start": function* () {
          yield x.load;
          if (x.now === 0) spawn("P1.1", set(x, 2));
          return "ok";
        },
      },
      reads: {},
    };
  };
  const program: Program = { world, claims: { threads: { P0: [asks("toy.write")], P1: [asks("toy.start")] }, never: ["deadlock"] } };
  const ends = [...explored(program, sleepSets).whole.ends.all].map((end) => end.replaceAll('"', "")).sort();
  expect(ends).toEqual(["[[[P0,[ok]],[P1,[ok]],[P1.1,[]]],[]]", "[[[P0,[ok]],[P1,[ok]]],[]]"]);
});

test("a limit that is reached is said, and is not completeness", () => {
  const cut = (limits: Options["limits"]): Explored =>
    holdHere(explore(plannedProgram(writers(4)), { strategy: naive, limits }), doorOf(writers(4)));
  expect(cut({ runs: 5, steps: 100 })).toMatchObject({ complete: false, stopped: { why: "limit", what: "after 5 runs there were more" } });
  expect(cut({ runs: 5, steps: 2 })).toMatchObject({ complete: false, stopped: { why: "limit", what: "a run took more than 2 steps" } });
});

import { crowded } from "../../fixtures/programs/baton";
import { caseOf, doorOf, helloOf, specOf, type Program } from "../../fixtures/programs/program";
import { SpinLock, spin_lock, spin_unlock } from "../../reference/sync/spinlock";
import { Cell } from "../../reference/task";
import { doorTo, type Adapter } from "../adapter/in-process";
import { Cannot, holdHere, type Door } from "../adapter/door";
import { naive } from "../explore/naive";
import { replay } from "../explore/replay";
import { readSchedule } from "../explore/schedule";
import { judge, judgeAgain, limitsOf } from "./judge";
import type { Verdict } from "./verdict";

/** Two threads add one to a counter, each with a load and then a store: a lost update. */
function counter(locked: boolean): Program {
  return {
    world: () => {
      const count = new Cell("count", 0);
      const lock = new SpinLock("kvm_lock", "kvm_lock", new Map());
      const add = function* () {
        yield count.load;
        const old = count.now;
        yield count.store;
        count.now = old + 1;
        return "ok";
      };
      return {
        calls: {
          "toy.add": function* () {
            if (locked) yield* spin_lock(lock);
            const result = yield* add();
            if (locked) yield* spin_unlock(lock);
            return result;
          },
        },
        reads: { "toy.count": () => count.now },
      };
    },
    of: { "toy.count": ["count"] },
    claims: {
      threads: { P0: [{ do: "toy.add" as never, returns: "ok" }], P1: [{ do: "toy.add" as never, returns: "ok" }] },
      finally: [{ "toy.count": 2 }],
    },
  };
}

function judged(program: Program, options: Parameters<typeof judge>[3] = {}): Verdict {
  return holdHere(judge(caseOf(program), specOf(program), helloOf(program), options), doorOf(program));
}

test("a deep case is given more runs than an ordinary one has, if nobody says how many", () => {
  const what = caseOf(counter(true));
  const runs = [limitsOf(what, {}), limitsOf({ ...what, deep: true }, {})].map((each) => each.runs);
  expect(runs).toEqual([200_000, 100_000_000]);
  const limits = { runs: 1, steps: 100 };
  expect(judged({ ...counter(true), claims: { ...counter(true).claims, deep: true } }, { limits }).verdict).toBe("unfinished");
  expect(judged({ ...counter(true), claims: { ...counter(true).claims, deep: true } }).verdict).toBe("holds");
});

test("a lost update is found, with the rule, the schedule and the trace", () => {
  const { verdict, failure } = judged(counter(false));
  expect(verdict).toBe("broken");
  expect(failure?.violations).toHaveLength(1);
  expect(failure?.violations[0]).toMatchObject({
    kind: "finally",
    rule: "vcpuid.limit.write-once",
    text: "toy.count = 2",
    what: "toy.count is 1",
  });
  expect(failure?.threads).toEqual(["P0", "P1"]);
  expect(failure?.trace.map((row) => `${row.thread} ${row.kind} ${row.objects.join()}`)).toHaveLength(4);
});

/** A run that drops the baton the long way. */
const LONG = { strategy: () => replay(readSchedule("3013101221200")) };

test("a failure is shortened if that is asked for, and says what it does without; its claim stays what it was", () => {
  const found = judged(crowded, LONG);
  const shown = judged(crowded, { ...LONG, shorten: 300 });
  expect(found.failure?.shortened).toBeUndefined();
  expect(shown.failure?.shortened).toMatchObject({
    switches: 3,
    from: 10,
    stopped: undefined,
    leftOut: { P0: ["toy.ring"], P1: ["toy.ring", "toy.ring"], P3: ["toy.ring", "toy.ring"] },
  });
  const claim = ({ failure }: Verdict): unknown => failure?.violations.map(({ kind, rule, text }) => [kind, rule, text]);
  expect(claim(shown)).toEqual(claim(found));
  expect({ ...shown, failure: undefined }).toEqual({ ...found, failure: undefined });
  expect(shown.failure?.run).toBe(found.failure?.run);
});

test("a shortened failure is made again 100 times of 100", () => {
  const { failure } = judged(crowded, { ...LONG, shorten: 300 });
  const again = Array.from({ length: 100 }, () => judgedAgain(crowded, failure?.schedule));
  expect(again).toEqual(Array.from({ length: 100 }, () => failure?.violations));
});

function judgedAgain(program: Program, schedule = ""): unknown {
  return holdHere(judgeAgain(caseOf(program), specOf(program), helloOf(program), schedule), doorOf(program)).failure?.violations;
}

test("a run that is not repeated is not shortened", () => {
  const door = doorOf(crowded);
  let worlds = 0;
  const fickle: Door = (request) => {
    if (request.op === "open") worlds++;
    const reply = door(request);
    return request.op === "read" && worlds > 1 ? { values: { "toy.dropped": false } } : reply;
  };
  const { failure } = holdHere(judge(caseOf(crowded), specOf(crowded), helloOf(crowded), { ...LONG, shorten: 300 }), fickle);
  expect(failure?.violations.map(({ kind }) => kind)).toEqual(["always", "nondeterministic"]);
  expect(failure?.shortened).toBeUndefined();
  expect(worlds).toBe(2);
});

test("a failing schedule replays to the same violation", () => {
  const program = counter(false);
  const { failure } = judged(program);
  const again = holdHere(judgeAgain(caseOf(program), specOf(program), helloOf(program), failure?.schedule ?? ""), doorOf(program));
  expect(again.failure?.violations).toEqual(failure?.violations);
  expect(again.failure?.schedule).toBe(failure?.schedule);
  expect(again.how?.covered).toBe("one run");
});

test("a schedule that does not fit is said to, at the step where it does not", () => {
  const misfit = judged(counter(false), { strategy: () => replay(readSchedule("0A1")) });
  expect(misfit).toMatchObject({ verdict: "unfinished", reason: "step 1 of the schedule is thread 0, pick 1, which cannot go on there" });
});

test("a crash of threads is told with the schedule that leads to it", () => {
  const program = counter(false);
  const door = doorOf(program);
  let steps = 0;
  const crashing: Door = (request) => {
    if (request.op === "step" && ++steps === 3) throw new Error("BUG: unable to handle page fault");
    return door(request);
  };
  const verdict = holdHere(judge(caseOf(program), specOf(program), helloOf(program)), crashing);
  expect(verdict.verdict).toBe("crashed");
  expect(verdict.reason).toMatch(/^Error: BUG: unable to handle page fault[^]*\(under the schedule 001\)$/);
});

test("a world that there could be before, and cannot be now, leaves the case unfinished", () => {
  const program = counter(true);
  const door = doorOf(program);
  let opened = 0;
  const tired: Door = (request) => (request.op === "open" && ++opened > 1 ? { cannot: "out of worlds" } : door(request));
  const verdict = holdHere(judge(caseOf(program), specOf(program), helloOf(program)), tired);
  expect(verdict).toMatchObject({ verdict: "unfinished", reason: "out of worlds" });
});

test("a lock takes the lost update away, in every schedule", () => {
  for (const strategy of [naive, undefined]) {
    const { verdict, how, findings } = judged(counter(true), strategy && { strategy });
    expect(verdict).toBe("holds");
    expect(findings).toEqual([]);
    expect(how).toMatchObject({ covered: "every schedule", runs: 2, deadlocks: 0, ends: 1 });
  }
});

interface Limits {
  max: number;
}
const vm: Adapter<Limits> = {
  name: "toy",
  version: "1",
  kind: "vmm",
  features: ["vcpu"],
  open: () => ({ max: 0 }),
  calls: {
    "vm.enable_cap": (world, { value }) => {
      if (world.max !== 0 && world.max !== value) return "EINVAL";
      world.max = Number(value);
      return "ok";
    },
  },
  reads: { "vm.max_vcpu_ids": (world) => world.max },
};

test("a sequential case on an adapter of plain functions holds in its one run, and names what is wrong when it does not", () => {
  const sequential: Program = {
    ...counter(false),
    claims: {
      calls: [
        { do: "vm.enable_cap", cap: "MAX_VCPU_ID", value: 2, returns: "ok" },
        { do: "vm.enable_cap", cap: "MAX_VCPU_ID", value: 3, returns: "EINVAL", then: { "vm.max_vcpu_ids": 2 } },
      ],
      finally: [{ "vm.max_vcpu_ids": "0x2" }],
    },
  };
  const spec = { ...specOf(sequential), calls: new Map([["vm.enable_cap", { about: "", feature: "vcpu" as const }]]) };
  const on = (adapter: Adapter<Limits>): Verdict => {
    const door = doorTo(adapter);
    return holdHere(judge(caseOf(sequential), spec, door({ op: "hello", protocol: 1, runner: "test" }) as never), door);
  };
  expect(on(vm)).toMatchObject({ verdict: "holds", seen: { claims: 4, of: 4 }, how: { covered: "one run", runs: 1, steps: 2 } });
  const forgets = on({ ...vm, calls: { "vm.enable_cap": (world, { value }) => ((world.max = Number(value)), "ok") } });
  expect(forgets.failure?.violations.map(({ kind, what }) => [kind, what])).toEqual([
    ["returned", 'P0: vm.enable_cap returned "ok"'],
    ["then", "vm.max_vcpu_ids is 3"],
    ["finally", "vm.max_vcpu_ids is 3"],
  ]);
  const blind = on({ ...vm, reads: {} });
  expect(blind).toMatchObject({ verdict: "holds", seen: { claims: 2, of: 4, unseen: ["does not show vm.max_vcpu_ids"] } });
  const crashes = on({
    ...vm,
    calls: {
      "vm.enable_cap": () => {
        throw new Error("out of order");
      },
    },
  });
  expect(crashes).toMatchObject({ verdict: "crashed", failure: undefined });
  expect(crashes.reason).toContain("out of order");
  const cannot = (): Limits => {
    throw new Cannot("ids are fixed here");
  };
  expect(on({ ...vm, open: cannot })).toMatchObject({ verdict: "untestable", reason: "ids are fixed here", seen: { claims: 4, of: 4 } });
  expect(on({ ...vm, features: [] })).toMatchObject({ verdict: "unclaimed", reason: "does not claim vcpu" });
  expect(on({ ...vm, calls: {} })).toMatchObject({ verdict: "untestable", reason: "does not have the call vm.enable_cap" });
});

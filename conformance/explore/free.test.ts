import { racing, type Spoil } from "../../fixtures/adapters/racing";
import type { Case, HelloReply, Reply, Request } from "../../spec/generated/types";
import { checked } from "../adapter/checked";
import { Crashed, holdHere, holdOver, Overdue, type Door } from "../adapter/door";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { judge, judgeAgain, type Judging } from "../verdict/judge";
import type { Verdict } from "../verdict/verdict";

const { spec } = loadSpec(packageRoot());
const LIMIT_OR_VCPU = spec.cases.get("vcpuid/the-limit-and-the-first-vcpu-cannot-both-win") as Case;
const SAME_ID = spec.cases.get("vcpuid/one-id-wanted-twice-is-had-once") as Case;
/** Takes a claim away from a case. */
const NONE = undefined as never;
const BOTH_WIN = { Cap: ["ok"], Create: ["ok"] };

function greeting(door: Door): HelloReply {
  return door({ op: "hello", protocol: 1, runner: "test" }) as HelloReply;
}

/** The verdict on the racing toy; `about` adds claims to the case. */
function raced(spoil?: Spoil, about: Partial<Case> = {}, parts: Partial<HelloReply> = {}, options: Judging = {}): Verdict {
  const door = checked(racing(spoil, parts).door());
  return holdHere(judge({ ...LIMIT_OR_VCPU, ...about }, spec, greeting(door), options), door);
}

/** Changes the n-th world of all. */
function inWorld(n: number, change: (world: Parameters<Spoil>[0]) => ReturnType<Spoil>): Spoil {
  return (world, each) => (each === n ? change(world) : world);
}

/** The toy, with other answers in races than it would give. */
function answering(instead: (request: Request) => Reply | undefined): Verdict {
  const door = racing().door();
  let races = false;
  const other = checked((request) => {
    if (request.op === "open") races = request.repeat !== undefined;
    return (races ? instead(request) : undefined) ?? door(request);
  });
  return holdHere(judge(LIMIT_OR_VCPU, spec, greeting(door)), other);
}

test("every order of whole calls is tried, then worlds are raced, and what they come to is counted", () => {
  const { verdict, how, findings } = raced();
  expect({ verdict, findings }).toEqual({ verdict: "holds", findings: [] });
  expect(how).toMatchObject({ covered: "every order of calls", runs: 2, race: { worlds: 300, seed: 1, never: [] } });
  const outcomes = how?.race?.outcomes ?? [];
  expect(outcomes.map(({ text, is }) => [text.slice(0, 39), is]).sort()).toEqual([
    ["Cap returned EINVAL; Create returned ok", "listed"],
    ["Cap returned ok; Create returned EINVAL", "listed"],
  ]);
  expect(outcomes.reduce((sum, { times }) => sum + times, 0)).toBe(300);
});

test("the same seed makes the same race, another one another; and so many worlds as were asked for", () => {
  const times = (race: Judging["race"]): number[] =>
    raced(undefined, {}, {}, race && { race }).how?.race?.outcomes.map((each) => each.times) ?? [];
  const [first, again, other, few] = [7, 7, 8].map((seed) => times({ worlds: 300, seed })).concat([times({ worlds: 1, seed: 7 })]);
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(few).toEqual([1]);
});

test("what is claimed of the times in between is not seen in a race, and that is said", () => {
  expect(raced().how?.race?.unjudged).toBe(1);
  expect(raced(undefined, { always: [] }).how?.race?.unjudged).toBe(0);
});

test("a sequential case is not raced", () => {
  const door = racing().door();
  const sequential = spec.cases.get("vcpuid/the-limit-is-set-once") as Case;
  expect(holdHere(judge(sequential, spec, greeting(door)), door).how).toMatchObject({ covered: "one run" });
});

test("an outcome that is not listed is found, with how often it came and a command that races again", () => {
  const spoil: Spoil = (world, n) => (n % 100 === 17 ? { ...world, returns: BOTH_WIN } : world);
  const { verdict, failure, how } = raced(spoil);
  expect(verdict).toBe("broken");
  expect(failure?.violations[0]).toMatchObject({ kind: "outcome", rule: "vcpuid.limit.one-winner" });
  expect(failure?.violations[0].what).toMatch(/^in 3 of 300 worlds: Cap returned ok; Create returned ok; /);
  expect(failure?.schedule).toBe("worlds=300,seed=1");
  expect(how?.race?.outcomes.filter(({ is }) => is === "unlisted")).not.toEqual([]);
  const door = racing(spoil).door();
  const again = holdHere(judgeAgain(LIMIT_OR_VCPU, spec, greeting(door), failure?.schedule ?? ""), door);
  expect(again).toMatchObject({ verdict: "broken", failure: { violations: failure?.violations }, how: { covered: "a race", runs: 0 } });
});

test("a race that is asked of somebody who cannot race judges nothing", () => {
  const door = racing(undefined, { control: "call" }).door();
  const verdict = holdHere(judgeAgain(LIMIT_OR_VCPU, spec, greeting(door), "worlds=300,seed=1"), door);
  expect(verdict).toMatchObject({ verdict: "untestable", reason: "there is no race: its control is `call`" });
});

test("a listed outcome that is never seen is a finding, which fails a model and no kernel", () => {
  const nobodyWins = { returns: { Cap: ["EINVAL"], Create: ["EINVAL"] } };
  const { verdict, findings, how } = raced(undefined, { outcomes: [...(LIMIT_OR_VCPU.outcomes ?? []), nobodyWins] });
  expect({ verdict, findings }).toEqual({
    verdict: "holds",
    findings: [{ kind: "outcome never reached", text: "Cap EINVAL and Create EINVAL" }],
  });
  expect(how?.race?.never).toEqual(["Cap EINVAL and Create EINVAL"]);
});

test("a world that is lost, or one too many, is the adapter's failure", () => {
  const lost = raced(inWorld(123, () => undefined));
  expect(lost).toMatchObject({ verdict: "crashed", reason: "it was asked to race 10 worlds, and tells of 9 (in a race)" });
  expect(raced(inWorld(0, (world) => ({ ...world, times: 2 }))).reason).toContain("tells of 11");
});

test("a world that ends wrongly is found among a hundred", () => {
  const spoil = inWorld(42, (world) => ({ ...world, reads: { ...world.reads, "vm.online_vcpus": 2 } }));
  const about = { outcomes: NONE, finally: [{ "vm.online_vcpus": { at_most: 1 } }] };
  const { failure } = raced(spoil, about, {}, { race: { worlds: 100, seed: 1 } });
  expect(failure?.violations).toMatchObject([{ kind: "finally", what: "in 1 of 100 worlds: vm.online_vcpus is 2" }]);
  expect(raced(undefined, about).verdict).toBe("holds");
});

test("a return that its call does not allow is found, in the calls before the race too", () => {
  const wrong = raced(inWorld(5, (world) => ({ ...world, returns: { ...world.returns, Cap: ["EBUSY"] } })));
  expect(wrong.failure?.violations).toMatchObject([
    { kind: "returned", what: 'in 1 of 300 worlds: Cap: vm.enable_cap returned "EBUSY"' },
    { kind: "outcome" },
  ]);
  const calls: Case["calls"] = [{ do: "vm.enable_cap", cap: "MAX_VCPU_ID", value: 1000, returns: "EINVAL" }];
  const early = raced(
    inWorld(5, (world) => ({ ...world, returns: { ...world.returns, setup: ["ok"] } })),
    { calls },
  );
  expect(early.failure?.violations).toMatchObject([{ kind: "returned", what: 'in 1 of 300 worlds: setup: vm.enable_cap returned "ok"' }]);
});

test("a call that does not return in a race is stuck", () => {
  const { failure } = raced(inWorld(299, (world) => ({ ...world, returns: { ...world.returns, Create: ["blocked"] } })));
  expect(failure?.violations[0]).toMatchObject({
    kind: "stuck",
    rule: "vcpuid.limit.one-winner",
    what: "in 1 of 300 worlds: Create: vm.create_vcpu had not returned when the race was over",
  });
});

test("what a kernel may answer besides is no violation on one, and is on a model", () => {
  const spoil = inWorld(9, (world) => ({ ...world, returns: { ...world.returns, Create: ["EINTR"] } }));
  const about = { permitted: [{ returns: { Cap: [{ one_of: ["ok", "EINVAL"] }], Create: ["EINTR"] } }] };
  const kvm = raced(spoil, about, { kind: "kvm" });
  expect(kvm.verdict).toBe("holds");
  expect(kvm.how?.race?.outcomes.map(({ times, is }) => [times, is])).toContainEqual([1, "permitted"]);
  expect(raced(spoil, about, { kind: "model" }).failure?.violations.map(({ kind }) => kind)).toContain("outcome");
});

test("a read that no race shows is not looked at there; one that some worlds show is promised", () => {
  const blind: Spoil = (world) => ({ ...world, reads: {} });
  const finals = { finally: [{ "vm.online_vcpus": { at_most: 1 } }] };
  const unseen = raced(blind, finals);
  expect(unseen.verdict).toBe("holds");
  expect(unseen.how?.race).toMatchObject({ unjudged: 2, without: ["vm.max_vcpu_ids", "vm.online_vcpus"] });
  expect(unseen.how?.race?.outcomes.map(({ text }) => text).sort()).toEqual([
    "Cap returned EINVAL; Create returned ok",
    "Cap returned ok; Create returned EINVAL",
  ]);
  const forgets = raced(
    inWorld(3, (world) => ({ ...world, reads: {} })),
    finals,
  );
  expect(forgets.failure?.violations.map(({ kind }) => kind)).toContain("capability-lie");
});

test("outcomes are told apart by what is shown: returns alone catch some", () => {
  const about = { reads: ["vm.online_vcpus"] };
  const spoil = inWorld(8, (world) => ({ ...world, returns: BOTH_WIN }));
  const [fine, wrong] = [raced(undefined, {}, about), raced(spoil, {}, about)];
  expect(fine.verdict).toBe("holds");
  expect(fine.seen.unseen).toContain("does not show vm.max_vcpu_ids, vm.created_vcpus");
  expect(wrong.failure?.violations[0]).toMatchObject({ kind: "outcome" });
});

test("who cannot race a case, or one of its calls, has it judged in every order of calls, and that is said", () => {
  const opens = answering(({ op }) => (op === "open" ? { cannot: "one CPU" } : undefined));
  expect(opens).toMatchObject({ verdict: "holds", how: { runs: 2, notRaced: "one CPU" } });
  expect(opens.how?.race).toBeUndefined();
  const calls = answering((request) => (request.op === "call" && request.thread === "Create" ? { unsupported: true } : undefined));
  expect(calls).toMatchObject({ verdict: "holds", how: { notRaced: "it does not race vm.create_vcpu" } });
});

test.each<[string, (request: Request) => Reply | undefined, string]>([
  [
    "makes a call that it should queue",
    ({ op }) => (op === "call" ? { returned: "ok" } : undefined),
    "asked to queue vm.enable_cap, and answered",
  ],
  ["tells of threads", ({ op }) => (op === "step" ? { threads: {} } : undefined), "does not tell of outcomes"],
  ["leaves a thread out", ({ op }) => (op === "step" ? { outcomes: [{ times: 10, returns: {}, reads: {} }] } : undefined), "0 returns"],
  ["breaks down", ({ op }) => (op === "step" ? { error: "BUG" } : undefined), "BUG"],
])("who %s in a race has crashed, and is told why", (_, instead, reason) => {
  const verdict = answering(instead);
  expect(verdict).toMatchObject({ verdict: "crashed", failure: undefined });
  expect(verdict.reason).toContain(reason);
});

/** The verdict where every step of a race is answered as `answer` says, given the number of worlds that it is asked for. */
function raceAnswered(answer: (request: Request, worlds: number) => Error | undefined): Promise<Verdict> {
  const door = racing().door();
  let worlds = 0;
  const ask = (request: Request): Promise<Reply> => {
    if (request.op === "open") worlds = request.repeat ?? 0;
    const error = request.op === "step" ? answer(request, worlds) : undefined;
    return error === undefined ? Promise.resolve(door(request)) : Promise.reject(error);
  };
  return holdOver(judge(SAME_ID, spec, greeting(door)), ask);
}

test("a world that is not over in time is stuck, and a race that dies has crashed", async () => {
  const asked: number[] = [];
  const late = await raceAnswered((request, worlds) => (asked.push(worlds), new Overdue(request, 10_000)));
  expect(late.failure?.violations[0].kind).toBe("stuck");
  expect(asked).toEqual([10, 1]);
  const dead = await raceAnswered(() => new Crashed("it was ended by SIGKILL"));
  expect(dead).toMatchObject({ verdict: "crashed", reason: "it was ended by SIGKILL (in a race)" });
});

test("a machine on which only many worlds take too long is asked for one at a time", async () => {
  const slow = await raceAnswered((request, worlds) => (worlds > 1 ? new Overdue(request, 10_000) : undefined));
  expect(slow.verdict).toBe("holds");
  expect(slow.how?.race?.outcomes.reduce((sum, { times }) => sum + times, 0)).toBe(300);
});

test("a case with a handler is not raced: a handler has no CPU of its own", () => {
  const threads = {
    ...LIMIT_OR_VCPU.threads,
    S: { interrupts: "Cap", calls: [{ do: "vm.create_vcpu" as const, id: 3, returns: { one_of: ["ok", "EEXIST", "EINVAL"] } }] },
  };
  expect(raced(undefined, { threads, outcomes: NONE }).how).not.toHaveProperty("race");
});

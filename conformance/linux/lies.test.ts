/** Cases judged on this machine's KVM and on one in a guest, and lies about them that are found. */
import { join } from "node:path";
import { needs } from "../../tools/needs";
import type { HelloReply } from "../../spec/generated/types";
import type { Remote } from "../adapter/remote";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { judgeOver } from "../verdict/blame";
import { judge, type Judging } from "../verdict/judge";
import type { Verdict } from "../verdict/verdict";
import type { Agent } from "./agent/agent";
import { kernelFolder, MANIFEST } from "./host/kernels";
import { Kvm } from "./kvm";
import { guestProgram, startLocal } from "./agent/local";
import { thisMachine } from "./host/machine";
import { GUEST, GUEST_PROGRAM } from "./world/memory";
import { Program, type Result } from "./agent/program";
import { QEMU, startGuest } from "./host/qemu";
import { SHARED_INFO } from "./world/xen-areas";

jest.setTimeout(200_000);

const here = needs("linux-x64", "gcc", "/dev/kvm");
const inGuest = needs("linux-x64", "gcc", QEMU, join(kernelFolder("6.12", thisMachine()), MANIFEST));
const { spec } = loadSpec(packageRoot());
const EINVAL = -22n;
const EEXIST = -17n;
/** Enough for a loaded machine. */
const DEADLINE = 60_000;

/** An agent that passes everything on, with something changed. */
function lying(agent: Agent, lie: Partial<Agent>): Agent {
  const honest: Agent = {
    uname: agent.uname,
    run: (program, thread) => agent.run(program, thread),
    kick: (thread) => agent.kick(thread),
    race: (race) => agent.race(race),
    died: () => agent.died(),
    kill: (why) => agent.kill(why),
    end: () => agent.end(),
  };
  return Object.assign(honest, lie);
}

function kvm(ours: boolean, start: () => Promise<Agent>): Remote {
  return new Kvm({ name: "KVM", start, ours, guestProgram, deadline: DEADLINE, patience: DEADLINE, restarts: 1 });
}

async function verdicts(remote: Remote, ids: readonly string[], how: Judging = {}): Promise<Verdict[]> {
  const hello: HelloReply = await remote.hello();
  const all: Verdict[] = [];
  for (const id of ids) {
    const what = spec.cases.get(id);
    if (what === undefined) throw new Error(`there is no case ${id}`);
    all.push(await judgeOver(remote, () => judge(what, spec, hello, how)));
  }
  await remote.end();
  return all;
}

/** Judges on this machine, through an agent that lies. */
async function onLocal(ids: readonly string[], lie: (agent: Agent) => Partial<Agent> = () => ({}), how: Judging = {}): Promise<Verdict[]> {
  return verdicts(
    kvm(false, async () => {
      const agent = await startLocal();
      return lying(agent, lie(agent));
    }),
    ids,
    how,
  );
}

const LIMIT = "vcpuid/the-limit-itself-is-no-id";
const RACE = "vcpuid/one-id-wanted-twice-is-had-once";

here("cases about the ids of vCPUs hold on this machine's KVM", async () => {
  const ids = [
    LIMIT,
    "vcpuid/a-closed-vcpu-keeps-its-id",
    "vcpuid/an-impossible-id-leaves-the-limit-open",
    "vcpuid/the-boot-cpu-is-chosen-before-any-vcpu",
    "vcpuid/the-irqchip-is-chosen-before-any-vcpu",
    "vcpuid/the-limit-is-set-once",
  ];
  const came = await onLocal(ids);
  expect(came.map(({ verdict, reason }) => [verdict, reason])).toEqual(ids.map(() => ["holds", undefined]));
});

here("a race on this machine's KVM has only outcomes that are allowed", async () => {
  const [came] = await onLocal([RACE], undefined, { race: { worlds: 40, seed: 1 } });
  expect(came?.verdict).toBe("holds");
  const times = came?.how?.race?.outcomes.map((outcome) => outcome.times) ?? [];
  expect(times.reduce((sum, each) => sum + each, 0)).toBe(40);
});

here("one errno for another is found", async () => {
  const alter = (result: Result): Result => (result === EINVAL ? EEXIST : result);
  const [came] = await onLocal([LIMIT], (agent) => ({ run: async (program, thread) => (await agent.run(program, thread)).map(alter) }));
  expect([came?.verdict, came?.failure?.violations[0]?.what]).toEqual(["broken", 'P0: vm.create_vcpu returned "EEXIST"']);
});

here("a success that was none is found", async () => {
  const alter = (result: Result): Result => (result === EEXIST ? 99n : result);
  const [came] = await onLocal(["vcpuid/a-closed-vcpu-keeps-its-id"], (agent) => ({
    run: async (program, thread) => (await agent.run(program, thread)).map(alter),
  }));
  expect(came?.verdict).toBe("broken");
});

here("a result that is dropped, and a world that is, are found", async () => {
  let runs = 0;
  const drop = (agent: Agent): Partial<Agent> => ({
    run: async (program, thread) => (await agent.run(program, thread)).slice(0, ++runs % 6 === 0 ? -1 : undefined),
  });
  const [came] = await onLocal([LIMIT], drop);
  expect(came?.verdict).toBe("crashed");
  expect(came?.reason).toMatch(/a program of \d+ results answered \d+/);
  const lose = (agent: Agent): Partial<Agent> => ({ race: async (race) => (await agent.race(race)).filter((_, i) => i !== 3) });
  const [raced] = await onLocal([RACE], lose, { race: { worlds: 40, seed: 1 } });
  expect([raced?.verdict, raced?.reason]).toEqual([
    "crashed",
    expect.stringMatching(/asked to race \d+ worlds, and tells of \d+/) as string,
  ]);
});

here("a guest whose program is changed underneath is found", async () => {
  const halts = new Program().poke(GUEST_PROGRAM.at, new Uint8Array(64).fill(0xf4));
  let changed = false;
  const remote = kvm(false, async () => {
    const agent = await startLocal();
    const run: Agent["run"] = async (program, thread) => {
      if (changed) await agent.run(halts, thread);
      return agent.run(program, thread);
    };
    return lying(agent, { run });
  });
  await remote.hello();
  const nop = { op: "call", thread: "P0", do: "guest.nop", args: { vcpu: 0 } } as const;
  await remote.ask({ op: "open", given: { backend: "none", vcpus: 1, irqchip: "none" } });
  expect(await remote.ask(nop)).toEqual({ returned: "ok" });
  changed = true;
  expect(await remote.ask(nop)).toEqual({
    error: expect.stringContaining("the guest's program is interrupted by an exit of reason 5") as string,
  });
  await remote.end();
});

describe("in a guest", () => {
  let agent: Agent;
  /** What happens before each program of the agent. */
  let before: Program | undefined;
  let remote: Remote;

  beforeAll(async () => {
    if (inGuest !== test) return;
    agent = (await startGuest({ parameters: "avic=0" })).agent;
    const run: Agent["run"] = async (program, thread) => {
      if (before !== undefined) await agent.run(before, thread);
      return agent.run(program, thread);
    };
    remote = kvm(true, () => Promise.resolve(lying(agent, { run, end: () => Promise.resolve() })));
  });

  beforeEach(() => {
    before = undefined;
  });

  afterAll(async () => {
    if (inGuest === test) await agent.end();
  });

  const CASES = ["xencfg/an-event-before-the-vcpu-info-waits-for-it", "xenev/ports-end-where-the-mode-says"];

  inGuest("cases about Xen hold on the KVM of Linux 6.12", async () => {
    const hello = await remote.hello();
    expect(hello).toMatchObject({ kernel: "v6.12", traits: ["qemu", "svm"] });
    const came: Verdict[] = [];
    for (const id of CASES) came.push(await judgeOver(remote, () => judge(caseOf(id), spec, hello)));
    expect(came.map(({ verdict, reason }) => [verdict, reason])).toEqual(CASES.map(() => ["holds", undefined]));
  });

  inGuest("guest memory that is changed underneath is found", async () => {
    const hello = await remote.hello();
    before = new Program().poke(GUEST.at + SHARED_INFO + 0x800, new Uint8Array(0x800));
    const came = await judgeOver(remote, () => judge(caseOf(CASES[1] ?? ""), spec, hello));
    expect([came.verdict, came.failure?.violations[0]?.kind]).toEqual(["broken", "then"]);
  });
});

function caseOf(id: string) {
  const found = spec.cases.get(id);
  if (found === undefined) throw new Error(`there is no case ${id}`);
  return found;
}

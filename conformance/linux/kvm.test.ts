/** The adapter over an agent that is made up: what it asks of a kernel, and what it makes of the answers. */
import type { Reply, Request } from "../../spec/generated/types";
import { Crashed, Overdue } from "../adapter/door";
import type { Agent, RaceResult } from "./agent/agent";
import { CAP, IOCTL, SYS } from "./uapi/ioctl";
import { Kvm } from "./kvm";
import { SCRATCH } from "./world/memory";
import type { Program, Result } from "./agent/program";
import { field, STRUCTS } from "./uapi/uapi";

const [EBADF, EEXIST, EINVAL, ENOSPC, ENOTTY] = [-9n, -17n, -22n, -28n, -25n];
const EUNKNOWN = -524n;
const VM = 10n;

/** What a made-up kernel answers to an ioctl: of which file, which, with which argument. */
type Answers = (fd: bigint, request: number, arg: bigint, memory: Memory) => bigint | undefined;

class Memory {
  private readonly bytes = new Map<bigint, number>();

  write(at: bigint, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => this.bytes.set(at + BigInt(i), byte));
  }

  read(at: bigint, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => this.bytes.get(at + BigInt(i)) ?? 0);
  }
}

/** An agent whose kernel creates VMs and vCPUs, knows no other ioctls than those it is given, and has no files but /dev/kvm. */
class MadeUp implements Agent {
  readonly uname = "6.12.34-made-up";
  readonly asked: { readonly request: number; readonly arg: bigint }[] = [];
  closes = 0n;
  hangs = false;
  device = "/dev/kvm\0";
  killed: string | undefined;
  private onKill: ((error: Error) => void) | undefined;
  private readonly memory = new Memory();
  private readonly slots = new Map<bigint, bigint>();
  private fds = VM;

  constructor(private readonly answers: Answers = () => undefined) {}

  run(program: Program): Promise<readonly Result[]> {
    if (this.hangs) return new Promise((_, fail) => (this.onKill = fail));
    return Promise.resolve(program.decoded(this.execute(Buffer.from(program.encoded()))));
  }

  async race({ setUp, threads, settle, tearDown, repeat }: Parameters<Agent["race"]>[0]): Promise<readonly RaceResult[]> {
    const worlds: RaceResult[] = [];
    for (let i = 0; i < repeat; i++) {
      const opened = await this.run(setUp);
      // Whose turn comes first changes from world to world.
      const order = i % 3 === 0 ? [...threads.keys()] : [...threads.keys()].reverse();
      const ran = new Map<number, readonly Result[]>();
      for (const thread of order) ran.set(thread, await this.run(threads[thread] as Program));
      const came = threads.map((_, thread) => ran.get(thread) ?? []);
      worlds.push({ setUp: opened, threads: came, settle: await this.run(settle), tearDown: await this.run(tearDown), kicked: [] });
    }
    return worlds;
  }

  kick(): void {}
  died(): string | undefined {
    return this.killed;
  }
  kill(why: string): void {
    this.killed ??= why;
    this.onKill?.(new Crashed(why));
  }
  end(): Promise<void> {
    return Promise.resolve();
  }

  /** The wire format stands in agent.c. */
  private execute(ops: Buffer): Buffer {
    const results: Uint8Array[] = [];
    for (let at = 0; at < ops.length;) {
      const [kind, into] = [ops.readUInt32LE(at), BigInt(ops.readUInt32LE(at + 4))];
      const number = Number(ops.readBigUInt64LE(at + 8));
      const args = [0, 1, 2, 3, 4, 5].map((i) => {
        const place = at + 16 + 16 * i;
        return BigInt.asUintN(64, (this.slots.get(ops.readBigUInt64LE(place)) ?? 0n) + ops.readBigUInt64LE(place + 8));
      });
      at += 112;
      const padded = Math.ceil(number / 8) * 8;
      if (kind === 1) {
        const returned = this.syscall(number, args);
        this.slots.set(into, returned);
        results.push(word(returned));
      } else if (kind === 2) {
        this.memory.write(args[0] ?? 0n, ops.subarray(at, at + number));
        at += padded;
      } else if (kind === 3) results.push(Buffer.concat([this.memory.read(args[0] ?? 0n, number), Buffer.alloc(padded - number)]));
    }
    return Buffer.concat(results);
  }

  private syscall(number: number, [a = 0n, b = 0n, c = 0n]: readonly bigint[]): bigint {
    if (number === SYS.openat) return Buffer.from(this.memory.read(b, 9)).toString() === this.device ? 3n : -2n;
    if (number === SYS.read) return EBADF;
    if (number === SYS.close) return this.closes;
    if (number !== SYS.ioctl) return 0n;
    const request = Number(b);
    this.asked.push({ request, arg: c });
    return this.answers(a, request, c, this.memory) ?? this.usual(request);
  }

  private usual(request: number): bigint {
    const creates = request === IOCTL.CREATE_VM || request === IOCTL.CREATE_VCPU;
    if (creates) return this.fds++;
    if (request === IOCTL.GET_API_VERSION) return 12n;
    return request === IOCTL.CHECK_EXTENSION || request === IOCTL.CREATE_IRQCHIP || request === IOCTL.SET_USER_MEMORY_REGION ? 0n : ENOTTY;
  }
}

function word(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function over(agent: Agent, deadline = 5_000): Kvm {
  const start = (): Promise<Agent> => Promise.resolve(agent);
  return new Kvm({ name: "KVM", start, ours: false, guestProgram: () => new Uint8Array(16), deadline, patience: 5_000, restarts: 3 });
}

async function ask(kvm: Kvm, ...requests: readonly Request[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const request of requests) replies.push(await kvm.ask(request));
  return replies;
}

const open = (given: object = {}, more: object = {}): Request => ({ op: "open", given: { backend: "none", ...given }, ...more });
const call = (what: string, args: Record<string, unknown> = {}, thread = "P0"): Request => ({ op: "call", thread, do: what, args });
const close: Request = { op: "close" };

test("what a kernel lacks is not claimed, and why is said", async () => {
  const caps = new Map<number, bigint>([
    [CAP.MAX_VCPU_ID, 4096n],
    [CAP.XEN_HVM, 0x14n],
  ]);
  const kvm = over(new MadeUp((_, request, arg) => (request === IOCTL.CHECK_EXTENSION ? (caps.get(Number(arg)) ?? 0n) : undefined)));
  const hello = await kvm.hello();
  expect(hello).toMatchObject({ kernel: "v6.12", kind: "kvm", control: "free", limits: { max_vcpu_id: 4096 }, traits: ["here"] });
  expect(hello.features).toEqual(["vcpu", "memslots"]);
  expect(hello.absent).toMatchObject({
    "hyperv.synic": "KVM_CAP_HYPERV_SYNIC is 0",
    "xen.evtchn": "KVM_CAP_XEN_HVM is 0x14, without 0x20",
    "xen.runstate": "KVM_CAP_XEN_HVM is 0x14, without 0x48",
  });
  expect(hello.calls).not.toContain("xen.evtchn_send");
  expect(hello.calls).not.toContain("guest.wrmsr");
});

test("a world that this kernel cannot have is refused with the reason", async () => {
  const kvm = over(new MadeUp());
  const impossible = [{ backend: "vmx" }, { synic: [0] }, { xen: {} }, { apic_page_mapped: [0] }];
  const replies = await ask(kvm, ...impossible.map((given) => open(given)), open({}, { faults: { alloc: 1 } }));
  expect(replies).toEqual([
    { cannot: "KVM's backend is neither kvm_intel nor kvm_amd here, not vmx" },
    { cannot: "KVM_CAP_HYPERV_SYNIC is 0" },
    { cannot: "KVM_CAP_XEN_HVM is 0x0, without 0x34" },
    { cannot: "nobody outside of KVM can say which translations there are of the APIC-access page" },
    { cannot: "no allocation of the kernel's can be made to fail from outside" },
  ]);
});

test("an argument reaches KVM in its full width, and a structure as it is declared", async () => {
  const seen: bigint[] = [];
  const agent = new MadeUp((_, request, arg, memory) => {
    if (request !== IOCTL.ENABLE_CAP) return undefined;
    const bytes = memory.read(arg, STRUCTS.kvm_enable_cap.size);
    seen.push(field("kvm_enable_cap", "cap", bytes), field("kvm_enable_cap", "flags", bytes), field("kvm_enable_cap", "args[0]", bytes));
    return 0n;
  });
  await ask(
    over(agent),
    open(),
    call("vm.create_vcpu", { id: "0x100000000" }),
    call("vm.enable_cap", { cap: "MAX_VCPU_ID", value: "0x100000001", flags: 1 }),
  );
  expect(agent.asked.at(-2)).toEqual({ request: IOCTL.CREATE_VCPU, arg: 0x1_0000_0000n });
  expect(seen).toEqual([128n, 1n, 0x1_0000_0001n]);
});

test("an error is returned by its name, whether anybody expected it or not", async () => {
  const errors = [EEXIST, EINVAL, ENOSPC, EUNKNOWN];
  const kvm = over(new MadeUp((_, request) => (request === IOCTL.SET_BOOT_CPU_ID ? errors.shift() : undefined)));
  const tries = Array.from({ length: 4 }, () => call("vm.set_boot_cpu_id", { id: 0 }));
  const [, ...returned] = await ask(kvm, open(), ...tries);
  expect(returned).toEqual([{ returned: "EEXIST" }, { returned: "EINVAL" }, { returned: "ENOSPC" }, { returned: "errno 524" }]);
});

test("a refused vCPU is nobody's, and one that is closed is not asked any more", async () => {
  let created = 0;
  const agent = new MadeUp((fd, request) => {
    if (request === IOCTL.CREATE_VCPU && fd >= VM + 4n) return ++created === 1 ? EEXIST : undefined;
    return request === IOCTL.SET_MSRS ? (fd === 2n ** 64n - 1n ? EBADF : 1n) : undefined;
  });
  const msr = call("vcpu.set_msrs", { vcpu: 7, msr: 1, value: 2 });
  const create = call("vm.create_vcpu", { id: 7 });
  const [, ...replies] = await ask(over(agent), open(), create, msr, create, msr, call("vcpu.close", { vcpu: 7 }), msr);
  expect(replies.map((reply) => (reply as { returned: unknown }).returned)).toEqual(["EEXIST", "EBADF", "ok", 1, "ok", "EBADF"]);
});

test("a world that KVM does not build is its crash, in words; what it does not give back is a leak", async () => {
  const agent = new MadeUp((_, request) => (request === IOCTL.CREATE_IRQCHIP ? ENOSPC : undefined));
  const [, refused] = await ask(over(agent), open(), call("vm.create_vcpu", { id: 0 }));
  expect(refused).toEqual({
    error: expect.stringContaining("the given world cannot be built: KVM_CREATE_IRQCHIP came to ENOSPC") as string,
  });
  const leaky = new MadeUp();
  const kvm = over(leaky);
  await ask(kvm, open(), call("vm.create_vcpu", { id: 0 }));
  leaky.closes = EBADF;
  const leaks = ["closing fd 15 came to EBADF", "closing fd in slot 0 came to EBADF"];
  expect(await ask(kvm, close, open(), close)).toEqual([{}, {}, { leaks }]);
});

test("a guest that has lost its program is a crash, whatever the case wanted", async () => {
  const agent = new MadeUp((_, request) => (request === IOCTL.RUN ? 0n : undefined));
  const [, reply] = await ask(over(agent), open({ vcpus: 1 }), call("guest.nop", { vcpu: 0 }));
  expect(reply).toEqual({ error: expect.stringContaining("the guest's program is interrupted by an exit of reason 0") as string });
});

test("whoever does not answer in time is ended, and another is started for the next world", async () => {
  const agents = [new MadeUp(), new MadeUp()];
  const [first, second] = agents;
  let started = 0;
  const start = (): Promise<Agent> => Promise.resolve(agents[started++] as Agent);
  const kvm = new Kvm({ name: "KVM", start, ours: false, guestProgram: () => new Uint8Array(), deadline: 50, patience: 50, restarts: 3 });
  await ask(kvm, open());
  Object.assign(first ?? {}, { hangs: true });
  await expect(kvm.ask(call("vm.create_vcpu", { id: 0 }))).rejects.toThrow(Overdue);
  expect([first?.killed, kvm.isRunning(), kvm.died()]).toEqual(["it had not answered `call` after 0.05 s", false, 1]);
  expect(await ask(kvm, open(), call("vm.create_vcpu", { id: 0 }))).toEqual([{}, { returned: "ok" }]);
  expect(second?.killed).toBeUndefined();
});

test("whoever does not say in time what its kernel has is ended, and is not started for ever", async () => {
  const agents: MadeUp[] = [];
  const start = (): Promise<Agent> => {
    agents.push(Object.assign(new MadeUp(), { hangs: true }));
    return Promise.resolve(agents.at(-1) as Agent);
  };
  const kvm = new Kvm({ name: "KVM", start, ours: false, guestProgram: () => new Uint8Array(), deadline: 9000, patience: 50, restarts: 1 });
  const late = "it had not said what its kernel has after 0.05 s";
  for (let i = 0; i < 2; i++) await expect(kvm.ask(open())).rejects.toThrow(new Crashed(late));
  await expect(kvm.ask(open())).rejects.toThrow("it died 2 times, and is not started again");
  expect(agents.map(({ killed }) => killed)).toEqual([late, late]);
});

test("a kernel without KVM is nobody to ask, and its agent is ended", async () => {
  const agent = new MadeUp();
  const kvm = over(Object.assign(agent, { device: "/dev/kvn\0" }));
  await expect(kvm.hello()).rejects.toThrow("/dev/kvm cannot be opened: ENOENT");
  expect([agent.killed, kvm.isRunning()]).toEqual(["/dev/kvm cannot be opened: ENOENT", false]);
});

test("a race is compiled before it is run, and equal worlds are counted", async () => {
  const taken = new Set<bigint>();
  const agent = new MadeUp((_, request, arg) => {
    if (request === IOCTL.CREATE_VM) taken.clear();
    if (request !== IOCTL.CREATE_VCPU) return undefined;
    if (taken.has(arg)) return EEXIST;
    taken.add(arg);
    return undefined;
  });
  const [, queued, again, raced, closed] = await ask(
    over(agent),
    open({}, { repeat: 9, seed: 1 }),
    call("vm.create_vcpu", { id: 3 }, "A"),
    call("vm.create_vcpu", { id: 3 }, "B"),
    { op: "step", reads: [] },
    close,
  );
  expect([queued, again, closed]).toEqual([{ queued: true }, { queued: true }, {}]);
  expect(raced).toEqual({
    outcomes: [
      { times: 3, returns: { setup: [], A: ["ok"], B: ["EEXIST"] }, reads: {} },
      { times: 6, returns: { setup: [], A: ["EEXIST"], B: ["ok"] }, reads: {} },
    ],
  });
});

test("a device that is not KVM's is said to be none", async () => {
  const kvm = over(new MadeUp((_, request) => (request === IOCTL.GET_API_VERSION ? ENOTTY : undefined)));
  await expect(kvm.hello()).rejects.toThrow("/dev/kvm is not KVM's: asked for its API version it says ENOTTY");
});

test("what cannot be made while others race is said to be so", async () => {
  const all = (_: bigint, request: number): bigint | undefined => (request === IOCTL.CHECK_EXTENSION ? 0x1ffn : undefined);
  const [, reply] = await ask(over(new MadeUp(all)), open({}, { repeat: 2 }), call("vmm.xen_take_upcall", { vcpu: 0 }));
  expect(reply).toEqual({ unsupported: true });
});

test("arguments of calls that race lie apart, and those of any number of calls fit that do not", async () => {
  const places: bigint[] = [];
  const agent = new MadeUp((_, request, arg) => (request === IOCTL.ENABLE_CAP ? (places.push(arg), 0n) : undefined));
  const kvm = over(agent);
  const enable = (thread: string): Request => call("vm.enable_cap", { cap: "MAX_VCPU_ID", value: 2 }, thread);
  await ask(kvm, open({}, { repeat: 1 }), enable("A"), enable("B"), { op: "step", reads: [] }, close);
  expect(new Set(places).size).toBe(2);
  expect(places.every((at) => at >= SCRATCH.at && at < SCRATCH.at + SCRATCH.size)).toBe(true);
  const many = SCRATCH.size / STRUCTS.kvm_enable_cap.size;
  const replies = await ask(kvm, open(), ...Array.from({ length: many }, () => enable("A")));
  expect(replies.at(-1)).toEqual({ returned: "ok" });
});

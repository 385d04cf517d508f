/** The agent on this machine, with system calls that do no harm. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { stillRunning } from "../../../tools/command";
import { needs } from "../../../tools/needs";
import { Crashed } from "../../adapter/door";
import type { Agent, Race } from "./agent";
import { agentFile, guestProgram, startLocal } from "./local";
import { thisMachine } from "../host/machine";
import { Program, type Result } from "./program";

const NR = {
  read: 0,
  write: 1,
  close: 3,
  mmap: 9,
  ioctl: 16,
  pipe: 22,
  pause: 34,
  getpid: 39,

  rt_sigpending: 127,
  gettid: 186,
  ppoll: 271,
} as const;
const EBADF = -9n;
const EINTR = -4n;
const RW = 3;
const FIXED = 0x10 | 0x22;
/** Where these tests map a page. */
const AT = 0x1_0000_0000;

const onLinux = needs("linux-x64", "gcc");

let agent: Agent;

const program = (): Program => new Program();
const mapped = (bytes = 4096): Program => program().syscall(NR.mmap, [AT, bytes, RW, FIXED, -1, 0]);
const text = (result: Result | undefined): string => Buffer.from(result as Uint8Array).toString();

beforeEach(async () => {
  if (onLinux === test) agent = await startLocal();
});

afterEach(async () => {
  if (onLinux === test) await agent.end();
});

onLinux("it says which kernel it runs on", () => {
  expect(agent.uname).toBe(release());
});

onLinux("a system call's result is the kernel's, errors too", async () => {
  const [pid, closed] = await agent.run(program().syscall(NR.getpid).syscall(NR.read, [999, 0, 0]));
  expect(spawnSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim()).toBe(String(process.pid));
  expect(closed).toBe(EBADF);
});

onLinux("what is poked is peeked, whatever its length", async () => {
  const results = await agent.run(
    mapped()
      .poke(AT + 1, Buffer.from("hello"))
      .peek(AT + 1, 5)
      .peek(AT, 16),
  );
  expect(results[0]).toBe(BigInt(AT));
  expect(text(results[1])).toBe("hello");
  expect(results[2]).toEqual(new Uint8Array([0, ...Buffer.from("hello"), ...Array<number>(10).fill(0)]));
});

onLinux("a result goes into a slot, and on into arguments, addresses and other programs", async () => {
  const page = { slot: 5 };
  const write = program()
    .syscall(NR.mmap, [0, 4096, RW, 0x22, -1, 0], 5)
    .syscall(NR.pipe, [{ slot: 5, plus: 8 }])
    // The two files of a pipe are 32-bit numbers side by side: loaded one at a time, from where the upper half is zero.
    .poke({ slot: 5, plus: 16 }, Buffer.alloc(8))
    .load({ slot: 5, plus: 12 }, 7)
    .poke({ slot: 5, plus: 12 }, Buffer.alloc(4))
    .load({ slot: 5, plus: 8 }, 6)
    .poke({ slot: 5, plus: 64 }, Buffer.from("through"))
    .syscall(NR.write, [{ slot: 7 }, { slot: 5, plus: 64 }, 7]);
  expect((await agent.run(write)).slice(1)).toEqual([0n, 7n]);
  const read = await agent.run(
    program()
      .syscall(NR.read, [{ slot: 6 }, page, 100])
      .peek(page, 7),
  );
  expect([read[0], text(read[1])]).toEqual([7n, "through"]);
});

onLinux("many programs under way at once are answered in order, large ones too", async () => {
  const large = Buffer.alloc(1 << 20, 7);
  const small = 4096;
  await agent.run(mapped(small + large.length));
  // Programs of different threads run at the same time: each thread has a byte of its own, and the large one its own memory.
  const all = Array.from({ length: 200 }, (_, i) =>
    agent.run(
      program()
        .poke(AT + (i % 3), Buffer.from([i]))
        .peek(AT + (i % 3), 1),
      i % 3,
    ),
  );
  const big = agent.run(
    program()
      .poke(AT + small, large)
      .peek(AT + small, large.length),
  );
  for (const [i, each] of (await Promise.all(all)).entries()) expect(each[0]).toEqual(new Uint8Array([i]));
  expect(Buffer.compare((await big)[0] as Uint8Array, large)).toBe(0);
});

onLinux("each thread is one of its own, and always the same", async () => {
  const tids = await Promise.all([0, 1, 2, 1].map((thread) => agent.run(program().syscall(NR.gettid), thread)));
  const [main, one, two, again] = tids.map(([tid]) => tid);
  expect(new Set([main, one, two]).size).toBe(3);
  expect(again).toBe(one);
});

/** Waits for nothing, without end, with SIGUSR1 let through. */
const waiting = (): Program => program().syscall(NR.ppoll, [0, 0, 0, AT, 8]);
const pending = (): Program => program().syscall(NR.rt_sigpending, [AT, 8]).peek(AT, 8);

onLinux("a kick ends what a thread waits in, also when it comes first, and is forgotten with it", async () => {
  await agent.run(mapped());
  for (let i = 0; i < 20; i++) {
    const waits = agent.run(waiting(), 1);
    // Half of the kicks meet a thread that has had the time to wait.
    if (i % 2 === 0) await new Promise((resume) => setTimeout(resume, 2));
    agent.kick(1);
    expect(await waits).toEqual([EINTR]);
    expect((await agent.run(pending(), 1))[1]).toEqual(new Uint8Array(8));
  }
});

onLinux("a kick of a thread with nothing to do does nothing", async () => {
  await agent.run(mapped());
  await agent.run(pending(), 1);
  agent.kick(1);
  expect((await agent.run(pending(), 1))[1]).toEqual(new Uint8Array(8));
});

/** Two threads write to one pipe; what is read afterwards says who came first. */
function twoWriters(repeat: number, seed = 1): Race {
  const byte = (which: number): Program => program().syscall(NR.write, [{ slot: 2 }, AT + 64 + which, 1]);
  return {
    setUp: mapped()
      .syscall(NR.pipe, [AT])
      .poke(AT + 64, Buffer.from("AB"))
      .load(AT + 4, 2)
      .poke(AT + 4, Buffer.alloc(4))
      .load(AT, 1),
    threads: [byte(0), byte(1)],
    settle: program()
      .syscall(NR.read, [{ slot: 1 }, AT, 8])
      .peek(AT, 2),
    tearDown: program()
      .syscall(NR.close, [{ slot: 1 }])
      .syscall(NR.close, [{ slot: 2 }]),
    repeat,
    seed,
  };
}

onLinux("of two threads that race sometimes one comes first, sometimes the other", async () => {
  const worlds = await agent.race(twoWriters(500));
  expect(worlds).toHaveLength(500);
  for (const { setUp, threads, settle, tearDown, kicked } of worlds) {
    expect(setUp).toEqual([BigInt(AT), 0n]);
    expect(threads).toEqual([[1n], [1n]]);
    expect(settle[0]).toBe(2n);
    expect(tearDown).toEqual([0n, 0n]);
    expect(kicked).toEqual([]);
  }
  const orders = worlds.map(({ settle }) => text(settle[1]));
  expect([...new Set(orders)].sort()).toEqual(["AB", "BA"]);
});

onLinux("a racing thread that waits without end is kicked, and it is said which", async () => {
  await agent.run(mapped());
  const race: Race = {
    setUp: program(),
    threads: [program().syscall(NR.getpid), waiting()],
    settle: program(),
    tearDown: program(),
    repeat: 2,
    seed: 1,
  };
  const worlds = await agent.race(race);
  expect(worlds.map(({ kicked }) => kicked)).toEqual([[1], [1]]);
  expect(worlds.map(({ threads }) => threads[1])).toEqual([[EINTR], [EINTR]]);
  // The threads serve as before.
  expect((await agent.run(pending(), 2))[1]).toEqual(new Uint8Array(8));
});

onLinux("races follow each other, with other threads", async () => {
  for (const repeat of [1, 20, 3]) expect(await agent.race(twoWriters(repeat))).toHaveLength(repeat);
  const { setUp, settle, tearDown, threads } = twoWriters(1);
  const four = await agent.race({ setUp, settle, tearDown, threads: [...threads, ...threads], repeat: 10, seed: 3 });
  expect(four.map((world) => world.settle[0])).toEqual(Array(10).fill(4n));
});

onLinux("a bad address ends the agent, and its last words say which thread, op and address", async () => {
  const bad = agent.run(program().syscall(NR.getpid).poke(0x10, new Uint8Array(1)), 3);
  const words = "the agent died in op 1 of a program of thread 3: it may not touch address 0x10";
  await expect(bad).rejects.toThrow(new Crashed(words));
  expect(agent.died()).toBe(words);
  await expect(agent.run(program())).rejects.toThrow(words);
});

onLinux("an agent that is killed is seen as dead by who waits and by who comes later", async () => {
  const [pid] = await agent.run(program().syscall(NR.getpid));
  const waits = agent.run(program().syscall(NR.pause), 1);
  process.kill(Number(pid), "SIGKILL");
  await expect(waits).rejects.toThrow(new Crashed("it was ended by SIGKILL"));
  await expect(agent.run(program())).rejects.toThrow("it was ended by SIGKILL");
});

onLinux("whoever ends it for a reason is quoted", async () => {
  const waits = agent.run(program().syscall(NR.pause));
  agent.kill("it did not answer in time");
  await expect(waits).rejects.toThrow(new Crashed("it did not answer in time"));
});

onLinux("it ends with its input, though threads still wait", async () => {
  const [pid] = await agent.run(program().syscall(NR.getpid));
  const waits = agent.run(program().syscall(NR.pause), 1);
  await Promise.all([expect(waits).rejects.toThrow("it was told to end"), agent.end()]);
  expect(await stillRunning([Number(pid)])).toEqual([]);
});

onLinux("it does not outlive who started it, even in a call that never returns", async () => {
  const script = `
    const { spawn } = require("node:child_process");
    const frame = (kind, thread, body) => { const head = Buffer.alloc(16); head.writeUInt32LE(kind); head.writeUInt32LE(thread, 4); head.writeUInt32LE(body.length, 8); return Buffer.concat([head, body]); };
    const pause = Buffer.alloc(112); pause.writeUInt32LE(1); pause.writeUInt32LE(513, 4); pause.writeUInt32LE(${NR.pause}, 8);
    for (let i = 0; i < 6; i++) pause.writeUInt32LE(512, 16 + 16 * i);
    const child = spawn(${JSON.stringify(agentFile())}, { detached: true });
    child.stdin.write(frame(1, 0, pause));
    child.stdout.once("data", () => console.log(child.pid));`;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = Number(await new Promise((heard) => parent.stdout.once("data", heard)));
  parent.kill("SIGKILL");
  expect(pid).toBeGreaterThan(1);
  expect(await stillRunning([pid])).toEqual([]);
});

test("an agent that could not be built is told of in the words of the build, one that was never built with the command", () => {
  const folder = mkdtempSync(join(tmpdir(), "kvm-conform-local-"));
  const machine = { ...thisMachine(), built: folder };
  expect(() => agentFile(machine)).toThrow("`npm run build` makes it");
  writeFileSync(join(folder, "missing"), "there is no gcc");
  expect(() => agentFile(machine)).toThrow(new Crashed("there is no gcc"));
  expect(() => guestProgram(machine)).toThrow(new Crashed("there is no gcc"));
  rmSync(folder, { recursive: true });
});

/** What the kernel does, as it does it: probes and watchpoints, switched on while a call is made, and read afterwards. */
import { FileError, OPEN, type Files } from "../kernel/files";
import type { Kernel } from "../kernel/kernel";
import { definition, filter, GROUP, PROBES, watchDefinition } from "./probes";
import type { BitSet } from "./stores";
import { toldBy, TraceLost, type Told } from "./trace-lines";

const MOUNT = 165;
const TRACEFS = "/sys/kernel/tracing";
/** For each CPU, in KiB: a call of KVM's that runs a guest for long tells some thousand things. */
const BUFFER = 16384;

/** Members of a CPU's statistics that say that something is missing. */
const LOSSES = ["overrun", "commit overrun", "dropped events"];

/** What is open as long as the kernel runs. */
interface Open {
  readonly on: number;
  readonly pipe: number;
  /** For each CPU, its statistics. */
  readonly stats: readonly number[];
  readonly profile: number;
}

export class Tracer {
  /** What instructions do that write to what is watched, by where they end. */
  readonly instructions = new Map<bigint, BitSet | undefined>();
  private read = 0;
  private missed = 0;

  private constructor(
    private readonly kernel: Kernel,
    readonly cpus: readonly number[],
    private readonly fds: Open,
    /** Where the fprobes count what they missed. */
    private readonly counters: readonly bigint[],
  ) {}

  /**
   * Defines the probes; once for each boot.
   * @throws FileError if this kernel cannot have them: those of function returns with arguments came in Linux 6.9
   */
  static async of(kernel: Kernel): Promise<Tracer> {
    const { files } = kernel;
    const cpus = cpusOf((await files.read("/sys/devices/system/cpu/online")).toString());
    await mountTracefs(files);
    await files.write(`${TRACEFS}/tracing_on`, "0");
    // One number for each event, in their order, on whatever CPU.
    await files.write(`${TRACEFS}/trace_clock`, "counter");
    await files.write(`${TRACEFS}/buffer_size_kb`, String(BUFFER));
    // QEMU 7.2 does not always survive that code is patched which another CPU is just running.
    await setOnline(kernel, cpus.slice(1), false);
    await defineProbes(kernel);
    await setOnline(kernel, cpus.slice(1), true);
    const stats: number[] = [];
    for (const cpu of cpus) stats.push(await files.open(`${TRACEFS}/per_cpu/cpu${cpu}/stats`));
    const on = await files.open(`${TRACEFS}/tracing_on`, OPEN.write);
    const pipe = await files.open(`${TRACEFS}/trace_pipe`, OPEN.read | OPEN.nonblock);
    const profile = await files.open(`${TRACEFS}/kprobe_profile`);
    return new Tracer(kernel, cpus, { on, pipe, stats, profile }, await missCounters(kernel));
  }

  /** From now on everything is written down. */
  async start(): Promise<void> {
    this.missed = await this.misses();
    await this.kernel.files.put(this.fds.on, Buffer.from("1"));
  }

  /**
   * Stops, and gives what was told since `start`, in order.
   * @throws TraceLost if anything is missing of it
   */
  async stop(): Promise<Told[]> {
    const { files } = this.kernel;
    await files.put(this.fds.on, Buffer.from("0"));
    const told = toldBy((await files.rest(this.fds.pipe)).toString("latin1"));
    await this.checkLosses(told.length);
    return told;
  }

  /** Everything that the kernel counted has to be there, and nothing may have come too fast to be counted. */
  private async checkLosses(read: number): Promise<void> {
    let sum = 0;
    for (const [i, fd] of this.fds.stats.entries()) {
      const stats = statsOf((await this.kernel.files.again(fd)).toString());
      for (const what of LOSSES)
        if (stats.get(what) !== 0) throw new TraceLost(`${what} of CPU ${this.cpus[i]}: ${stats.get(what) ?? "not said"}`);
      sum += (stats.get("read events") ?? NaN) + (stats.get("entries") ?? NaN);
    }
    if (sum - this.read !== read) throw new TraceLost(`${sum - this.read} events were written, and ${read} lines of them read`);
    this.read = sum;
    const missed = (await this.misses()) - this.missed;
    if (missed !== 0) throw new TraceLost(`${missed} times a probe was passed that could not tell`);
  }

  /** How often a probe was passed without telling: too many threads in one function, or a probe within a probe. */
  private async misses(): Promise<number> {
    const kprobes = missesOf((await this.kernel.files.again(this.fds.profile)).toString());
    const look = this.kernel.memory.look();
    const fprobes = await Promise.all(this.counters.map((at) => look.word(at)));
    return fprobes.reduce((sum, each) => sum + Number(each), kprobes);
  }
}

/** Mounts it, if it is not. Throws FileError. */
async function mountTracefs(files: Files): Promise<void> {
  const kind = Buffer.from("tracefs\0");
  try {
    await files.call("mount tracefs", MOUNT, [kind, Buffer.from(`${TRACEFS}\0`), kind, 0, 0]);
  } catch (error) {
    if (!(error instanceof FileError && error.errno === "EBUSY")) throw error;
  }
}

async function setOnline({ files }: Kernel, cpus: readonly number[], online: boolean): Promise<void> {
  for (const cpu of cpus) await files.write(`/sys/devices/system/cpu/cpu${cpu}/online`, online ? "1" : "0");
}

async function defineProbes(kernel: Kernel): Promise<void> {
  const { files } = kernel;
  const types = kernel.types("vmlinux");
  const texts = textsOf((await files.read("/proc/modules")).toString());
  const watch = watchDefinition(types.member("perf_event", "attr.bp_addr").offset, types.member("pt_regs", "ip").offset);
  await files.write(`${TRACEFS}/dynamic_events`, `${watch}\n`);
  for (const [name, probe] of Object.entries(PROBES)) {
    await files.write(`${TRACEFS}/dynamic_events`, `${definition(name, probe)}\n`);
    const kept = filter(probe, texts);
    if (kept !== undefined) await files.write(`${TRACEFS}/events/${GROUP}/${name}/filter`, kept);
  }
  await files.write(`${TRACEFS}/events/${GROUP}/enable`, "1");
}

/** Where the fprobes among the probes count their misses, in the kernel's memory: no file shows it. */
async function missCounters(kernel: Kernel): Promise<bigint[]> {
  const look = kernel.memory.look();
  const fprobes = kernel.memory.symbol("trace_fprobe_ops");
  const link = kernel.struct(look, "vmlinux", "dyn_event", 0n).addressOf("list");
  const head = kernel.memory.symbol("dyn_event_list");
  const counters: bigint[] = [];
  for (let at = await look.word(head); at !== head; at = await look.word(at)) {
    const event = kernel.struct(look, "vmlinux", "dyn_event", at - link);
    if ((await event.number("ops")) !== fprobes) continue;
    const inProbe = kernel.types("vmlinux").member("trace_fprobe", "devent").offset;
    counters.push(kernel.struct(look, "vmlinux", "trace_fprobe", event.address - BigInt(inProbe)).addressOf("fp.nmissed"));
  }
  return counters;
}

/** As `0-1,3`. */
function cpusOf(text: string): number[] {
  return text
    .trim()
    .split(",")
    .flatMap((range) => {
      const [from = 0, to = from] = range.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
}

/** Where the modules of KVM are: lines as `kvm 1380352 1 kvm_amd, Live 0xffffffffc03c0000`. */
function textsOf(text: string): { from: bigint; to: bigint }[] {
  const lines = text.split("\n").map((line) => line.split(" "));
  return lines
    .filter(([name = ""]) => /^kvm(_amd|_intel)?$/.test(name))
    .map(([, size = "0", , , , from = "0"]) => ({ from: BigInt(from), to: BigInt(from) + BigInt(size) }));
}

/** Lines as `commit overrun: 0`. */
function statsOf(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .split("\n")
      .map((line) => line.split(": "))
      .map(([name = "", value]): [string, number] => [name, Number(value)]),
  );
}

/** Lines as `  mutex_lock    4    0`: how often it told, and how often it could not. */
function missesOf(text: string): number {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/ +/)[2] ?? NaN), 0);
}

/** The agent as /init of a guest: a Debian kernel with kvm-amd on an emulated CPU. QEMU's emulation needs no KVM. */
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getSystemErrorName } from "node:util";
import { Crashed } from "../../adapter/door";
import { inTime, type Agent } from "../agent/agent";
import { archive, type ArchiveFile } from "./cpio";
import { findKernel, IMAGE, MODULES, PORT_MODULES, type Kernel, type Series } from "./kernels";
import { agentFile } from "../agent/local";
import { commandFile, thisMachine, type Machine } from "./machine";
import { startAgent } from "../agent/process";
import { Program, type Result, type Slot } from "../agent/program";
import { keepBranches } from "../keeper";
import { O_RDWR } from "../uapi/ioctl";
import { mapMemory } from "../world/memory";
import { mountAll, openFile, writeFile } from "../world/proc";
import { Script } from "../world/script";

/** The emulator. */
export const QEMU = "qemu-system-x86_64";

/** Its file. Throws Crashed, with the command that installs it, if there is none. */
export function findQemu(machine: Machine): string {
  const file = commandFile(QEMU, machine);
  if (file === undefined) throw new Crashed(`there is no ${QEMU} on PATH: \`kvm-conform kvm-setup\` installs it`);
  return file;
}

/** How a guest is started. */
export interface GuestOptions {
  readonly kernel?: Series;
  readonly cpus?: number;
  /** Of kvm-amd, as `avic=1 force_avic=1`. */
  readonly parameters?: string;
  /** Until the agent says hello, and then until KVM is loaded, in milliseconds. A guest that takes longer has one more try. */
  readonly patience?: number;
  readonly machine?: Machine;
}

/** A guest that runs, its KVM loaded and kept from patching itself (keeper.ts). It ends with its agent, and with this process. */
export interface Guest {
  readonly agent: Agent;
  readonly kernel: Kernel;
  /** The last of what its kernel wrote to its console. */
  console(): string;
}

const PATIENCE = 60_000;
const CPUS = 2;
const MEMORY = "1024M";
/** Two nodes, so that pages can be moved from one to the other; together they are MEMORY. */
const NODES = ["768M", "256M"];
const AMD = "kvm-amd.ko";

/** Boots a guest. Throws Crashed, with the command that gets what is missing, or with the last words of the guest. */
export async function startGuest(options: GuestOptions = {}): Promise<Guest> {
  const { kernel: series = "6.12", machine = thisMachine() } = options;
  const kernel = findKernel(series, machine);
  const qemu = findQemu(machine);
  const start = (): Promise<Guest> => bootWithKvm(kernel, qemu, agentFile(machine), options);
  return start().catch(start);
}

async function bootWithKvm(kernel: Kernel, qemu: string, agentElf: string, options: GuestOptions): Promise<Guest> {
  const { parameters = "", patience = PATIENCE, cpus = CPUS } = options;
  const { agent, console } = await boot(kernel, qemu, agentElf, cpus, patience);
  const load = async (): Promise<void> => {
    for (const name of MODULES) await loadModule(agent, name, name === AMD ? parameters : "", console);
    await wake(agent, cpus);
  };
  try {
    await inTime(agent, patience, "loaded KVM", load());
  } catch (error) {
    await agent.end();
    throw error;
  }
  return { agent, kernel, console };
}

type Booted = Pick<Guest, "agent" | "console">;

async function boot(kernel: Kernel, qemu: string, agentElf: string, cpus: number, patience: number): Promise<Booted> {
  const folder = mkdtempSync(join(tmpdir(), "kvm-conform-guest-"));
  try {
    const log = new Console(join(folder, "console"));
    writeFileSync(join(folder, "initrd"), initrd(kernel, agentElf));
    // The agent's file becomes QEMU, in a way that lets the kernel end it with this process.
    const command = [agentElf, qemu, ...machineArguments(kernel, folder, cpus)];
    const remarks = (): string => `the last on its console: ${log.last()}`;
    const agent = await startAgent({ command, patience, remarks, gone: () => log.close() });
    return { agent, console: () => log.last() };
  } finally {
    // QEMU has read the one and holds the other open, as we do: so nothing is left behind, however all this ends.
    rmSync(folder, { recursive: true });
  }
}

/**
 * The CPU is the emulator's largest without cmpxchg16b: QEMU 7.2 takes the flags that this leaves from a
 * stale place, and a kernel that uses it corrupts its memory at the next interrupt. Two CPUs are two threads.
 */
function machineArguments({ folder: kernel }: Kernel, folder: string, cpus: number): string[] {
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max,-cx16", "-smp", String(cpus), "-m", MEMORY],
    ...NODES.flatMap((size, i) => ["-object", `memory-backend-ram,id=node${i},size=${size}`, "-numa", `node,nodeid=${i},memdev=node${i}`]),
    ...["-kernel", join(kernel, IMAGE), "-initrd", join(folder, "initrd"), "-append", "console=ttyS0 quiet panic=-1 maxcpus=1"],
    ...["-serial", `file:${join(folder, "console")}`],
    ...["-device", "virtio-serial-pci", "-chardev", "stdio,id=agent,signal=off", "-device", "virtserialport,chardev=agent"],
  ];
}

/** The agent as /init, KVM's modules by their names, and those of the agent's port as /0, /1 ... in the order in which it loads them. */
function initrd({ folder, files }: Kernel, agentElf: string): Buffer {
  const file = (name: string, from: string): ArchiveFile => ({ name, mode: 0o755, bytes: readFileSync(from) });
  const port = PORT_MODULES.filter((name) => name in files).map((name, i) => file(String(i), join(folder, name)));
  return archive([file("init", agentElf), ...MODULES.map((name) => file(name, join(folder, name))), ...port]);
}

// --- Modules of the guest's kernel ------------------------------------------------------------

/** System calls by their numbers on x86-64. */
const NR = { open: 2, close: 3, mmap: 9, munmap: 11, finitModule: 313 } as const;
const PAGE = 4096;

async function loadModule(agent: Agent, name: string, parameters: string, console: () => string): Promise<void> {
  const result = await withText(agent, [`/${name}`, parameters], async (file, text) => {
    const [opened] = await agent.run(new Program().syscall(NR.open, [file, 0]));
    const [loaded] = await agent.run(new Program().syscall(NR.finitModule, [Number(opened), text, 0]).syscall(NR.close, [Number(opened)]));
    return loaded;
  });
  expectDone(result, `load ${[name, parameters].join(" ").trim()}`, console);
}

function expectDone(result: Result | undefined, what: string, console: () => string): void {
  if (result === 0n) return;
  throw new Crashed(`the guest cannot ${what}: ${getSystemErrorName(Number(result))}; the last on its console: ${console()}`);
}

/** Puts texts (below half a page each) into a page of the agent's memory while they are used, by their addresses. */
async function withText<T>(agent: Agent, texts: readonly string[], use: (...at: number[]) => Promise<T>): Promise<T> {
  const [page] = await agent.run(new Program().syscall(NR.mmap, [0, PAGE, 3, 0x22, -1, 0]));
  const at = texts.map((_, i) => Number(page) + (i * PAGE) / 2);
  const program = new Program();
  texts.forEach((text, i) => program.poke(at[i] ?? 0, Buffer.from(`${text}\0`)));
  await agent.run(program);
  const result = await use(...at);
  await agent.run(new Program().syscall(NR.munmap, [Number(page), PAGE]));
  return result;
}

/**
 * Brings the other CPUs up, once all code of the kernel's has been patched that will be: the emulator does not
 * always survive that one CPU patches what another is just running, and the kernel then meets an int3 of nobody's.
 */
async function wake(agent: Agent, cpus: number): Promise<void> {
  const script = new Script();
  mapMemory(script);
  mountAll(script);
  const kvm: Slot = { slot: 0 };
  openFile(script, "/dev/kvm", O_RDWR, kvm);
  keepBranches(script, kvm);
  for (let cpu = 1; cpu < cpus; cpu++) writeFile(script, `/sys/devices/system/cpu/cpu${cpu}/online`, "1");
  await agent.run(script.program);
}

// --- Its console ------------------------------------------------------------------------------

const LAST_BYTES = 4096;
const LAST_LINES = 10;

/** A file that the guest's kernel writes to, and that may have lost its name. */
class Console {
  private readonly file: number;
  private final: string | undefined;

  constructor(name: string) {
    this.file = openSync(name, "w+");
  }

  /** Its last lines, in one. */
  last(): string {
    if (this.final !== undefined) return this.final;
    const bytes = Buffer.alloc(LAST_BYTES);
    const read = readSync(this.file, bytes, 0, LAST_BYTES, Math.max(0, fstatSync(this.file).size - LAST_BYTES));
    const lines = bytes
      .toString("latin1", 0, read)
      .split("\n")
      .map((line) => line.trim());
    return lines
      .filter((line) => line !== "")
      .slice(-LAST_LINES)
      .join(" | ");
  }

  close(): void {
    this.final = this.last();
    closeSync(this.file);
  }
}

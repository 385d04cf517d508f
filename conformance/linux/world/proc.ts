/** Small files of the machine that the agent is on. */
import { AT_FDCWD, O_CLOEXEC, O_RDONLY, O_WRONLY, SYS } from "../uapi/ioctl";
import { FILES } from "./memory";
import type { Slot } from "../agent/program";
import { errnoOf, type From, type Script } from "./script";

/** A path, then what was read. */
const PATH = FILES.at;
const TEXT = PATH + 0x200;
const TEXT_BYTES = 0x800;
/** The last slots are those of files. */
const FILE: Slot = { slot: 511 };

export function openFile(script: Script, path: string, flags: number, into: Slot): From<bigint> {
  script.poke(PATH, Buffer.from(`${path}\0`));
  return script.syscall(SYS.openat, [AT_FDCWD, PATH, flags], into.slot);
}

/** The first line of a file; undefined if there is no such file. */
export function readFile(script: Script, path: string): From<string | undefined> {
  openFile(script, path, O_RDONLY | O_CLOEXEC, FILE);
  const length = script.syscall(SYS.read, [FILE, TEXT, TEXT_BYTES]);
  script.syscall(SYS.close, [FILE]);
  const text = script.peek(TEXT, TEXT_BYTES);
  return (results) => {
    const read = length(results);
    if (errnoOf(read) !== undefined) return undefined;
    return Buffer.from(text(results).subarray(0, Number(read)))
      .toString("utf8")
      .split("\n")[0];
  };
}

/** Writes a short text to a file. */
export function writeFile(script: Script, path: string, text: string): void {
  openFile(script, path, O_WRONLY | O_CLOEXEC, FILE);
  script.poke(TEXT, Buffer.from(text));
  script.syscall(SYS.write, [FILE, TEXT, text.length]);
  script.syscall(SYS.close, [FILE]);
}

const MOUNTS = [
  { type: "proc", folder: "/proc" },
  { type: "sysfs", folder: "/sys" },
  { type: "tracefs", folder: "/sys/kernel/tracing" },
] as const;

/** Mounts what shows the kernel, where nobody else does. */
export function mountAll(script: Script): void {
  for (const { type, folder } of MOUNTS) {
    script.poke(PATH, Buffer.from(`${folder}\0`)).poke(TEXT, Buffer.from(`${type}\0`));
    script.syscall(SYS.mkdir, [PATH, 0o755]);
    script.syscall(SYS.mount, [TEXT, PATH, TEXT, 0, 0]);
  }
}

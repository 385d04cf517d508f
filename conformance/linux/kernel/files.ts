/** Files as the agent's kernel shows them: those of /proc, /sys and tracefs of the guest that it is in. */
import { constants } from "node:os";
import type { Agent } from "../agent/agent";
import { paddedLength, Program, type Arg, type Result } from "../agent/program";

const SYS = { read: 0, write: 1, open: 2, close: 3, mmap: 9, lseek: 8, pread64: 17, dup: 32, getpid: 39 } as const;

/** Where a path and what is read lie in the agent's memory: apart from what the adapter has there. */
const AREA = { at: 0x18_0000_0000, size: 0x20_0000 } as const;
const PATH_SIZE = 0x1000;
const DATA = { at: AREA.at + PATH_SIZE, size: AREA.size - PATH_SIZE } as const;
/** Most files of the kernel give no more than a page at a time. */
const CHUNK = 0x1000;
/** How many are asked for at first, and how many at a time once a file turns out to be long. */
const FEW = 2;
const MANY = 256;

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS_FIXED = 0x32;
const ERRNOS = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** How a file is opened. */
export const OPEN = { read: 0, write: 1, nonblock: 0o4000, truncate: 0o1000 } as const;

/** A system call on a file failed. */
export class FileError extends Error {
  constructor(
    what: string,
    readonly errno: string,
  ) {
    super(`${what}: ${errno}`);
  }
}

export class Files {
  private constructor(private readonly agent: Agent) {}

  /** Maps the memory that it needs. */
  static async of(agent: Agent): Promise<Files> {
    const map = new Program().syscall(SYS.mmap, [AREA.at, AREA.size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_FIXED, -1, 0]);
    checked("mmap", (await agent.run(map))[0]);
    return new Files(agent);
  }

  /** @throws FileError */
  async open(path: string, flags: number = OPEN.read): Promise<number> {
    const program = new Program().poke(AREA.at, Buffer.from(`${path}\0`)).syscall(SYS.open, [AREA.at, flags]);
    return checked(`open ${path}`, (await this.agent.run(program))[0]);
  }

  async close(fd: number): Promise<void> {
    await this.agent.run(new Program().syscall(SYS.close, [fd]));
  }

  /** What is left of an open file; of one that does not block, what is there now. Throws FileError. */
  rest(fd: number): Promise<Buffer> {
    return this.readAll(fd, new Program(), 0);
  }

  /** All of an open file, from its beginning. Throws FileError. */
  again(fd: number): Promise<Buffer> {
    return this.readAll(fd, new Program().syscall(SYS.lseek, [fd, 0, 0]), 1);
  }

  /** @param before so many system calls are in the first program already */
  private async readAll(fd: number, first: Program, before: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for (let chunks = FEW, program = first, skip = before; ; chunks = MANY, program = new Program(), skip = 0) {
      for (let i = 0; i < chunks; i++) program.syscall(SYS.read, [fd, DATA.at + i * CHUNK, CHUNK]);
      const results = (await this.agent.run(program.peek(DATA.at, chunks * CHUNK))).slice(skip);
      const bytes = results[chunks] as Uint8Array;
      for (const [i, got] of results.slice(0, chunks).entries()) {
        const length = got === BigInt(-constants.errno.EAGAIN) ? 0 : checked("read", got);
        if (length === 0) return Buffer.concat(pieces);
        pieces.push(bytes.slice(i * CHUNK, i * CHUNK + length));
      }
    }
  }

  /** A whole file. Throws FileError. */
  async read(path: string): Promise<Buffer> {
    const fd = await this.open(path);
    try {
      return await this.rest(fd);
    } finally {
      await this.close(fd);
    }
  }

  /** Writes a text in one system call, as the files of tracefs want it. Throws FileError. */
  async write(path: string, text: string, flags = 0): Promise<void> {
    const fd = await this.open(path, OPEN.write | flags);
    const bytes = Buffer.from(text);
    const program = new Program().poke(DATA.at, bytes).syscall(SYS.write, [fd, DATA.at, bytes.length]).syscall(SYS.close, [fd]);
    const [written] = await this.agent.run(program);
    checked(`write ${JSON.stringify(text)} to ${path}`, written);
  }

  /** The agent's process. */
  async pid(): Promise<number> {
    return checked("getpid", (await this.agent.run(new Program().syscall(SYS.getpid)))[0]);
  }

  /** Another number for what a file descriptor is, be it in a slot: so it is known. To be closed. */
  async dup(fd: Arg): Promise<number> {
    return checked("dup", (await this.agent.run(new Program().syscall(SYS.dup, [fd])))[0]);
  }

  /** Writes bytes to an open file. Throws FileError. */
  async put(fd: number, bytes: Uint8Array): Promise<void> {
    checked("write", (await this.agent.run(new Program().poke(DATA.at, bytes).syscall(SYS.write, [fd, DATA.at, bytes.length])))[0]);
  }

  /** Another system call, some of whose arguments may be bytes: a structure, or a string with its zero. Throws FileError. */
  async call(what: string, number: number, args: readonly (Arg | Uint8Array)[]): Promise<number> {
    const program = new Program();
    let free: number = DATA.at;
    const words = args.map((arg) => {
      if (!(arg instanceof Uint8Array)) return arg;
      const at = free;
      program.poke(at, arg);
      free += paddedLength(arg.length);
      return at;
    });
    return checked(what, (await this.agent.run(program.syscall(number, words)))[0]);
  }

  /** Bytes from a place in an open file; `undefined` if they cannot be had. */
  async pread(fd: number, offset: bigint, length: number): Promise<Uint8Array | undefined> {
    if (length > DATA.size) throw new RangeError(`${length} bytes are too many at a time`);
    const [got, bytes] = await this.agent.run(new Program().syscall(SYS.pread64, [fd, DATA.at, length, offset]).peek(DATA.at, length));
    return got === BigInt(length) ? (bytes as Uint8Array) : undefined;
  }
}

function checked(what: string, result: Result | undefined): number {
  const returned = Number(result);
  if (returned < 0) throw new FileError(what, ERRNOS.get(-returned) ?? `errno ${-returned}`);
  return returned;
}

/** Words of kernel memory whose writes are told: the CPU's own watchpoints, through perf_event_open. */
import type { Files } from "../kernel/files";

const PERF_EVENT_OPEN = 298;
const ATTR_SIZE = 112;
const TYPE_BREAKPOINT = 5;
const ON_WRITE = 2;
const WORD = 8;
const PERF_FLAG_FD_CLOEXEC = 8;

/** How many an x86 CPU has. */
export const WATCHPOINTS = 4;

export class Watchpoints {
  private readonly fds = new Map<bigint, readonly number[]>();

  constructor(
    private readonly files: Files,
    private readonly cpus: readonly number[],
  ) {}

  has(address: bigint): boolean {
    return this.fds.has(address);
  }

  /** Can one more word be watched? */
  hasRoom(): boolean {
    return this.fds.size < WATCHPOINTS;
  }

  /**
   * Watches the writes to a word, by whomever, on all CPUs.
   * @throws FileError
   */
  async add(address: bigint): Promise<void> {
    const attr = Buffer.alloc(ATTR_SIZE);
    attr.writeUInt32LE(TYPE_BREAKPOINT, 0);
    attr.writeUInt32LE(ATTR_SIZE, 4);
    attr.writeUInt32LE(ON_WRITE, 52);
    attr.writeBigUInt64LE(address, 56);
    attr.writeBigUInt64LE(BigInt(WORD), 64);
    const fds: number[] = [];
    this.fds.set(address, fds);
    for (const cpu of this.cpus)
      fds.push(await this.files.call("perf_event_open", PERF_EVENT_OPEN, [attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC]));
  }

  async clear(): Promise<void> {
    const fds = [...this.fds.values()].flat();
    this.fds.clear();
    for (const fd of fds) await this.files.close(fd);
  }
}

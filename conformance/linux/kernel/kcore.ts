/** The memory of the agent's kernel, through /proc/kcore and /proc/kallsyms. For a guest's kernel only. */
import type { Files } from "./files";

/** A piece of kernel memory that /proc/kcore shows: an ELF program header. */
interface Segment {
  readonly offset: bigint;
  readonly at: bigint;
  readonly size: bigint;
  /** Where it is in physical memory, if it is the map of all of it. */
  readonly physical: bigint;
}

const ELF_MAGIC = 0x464c457f;
const LOAD = 1;
const HEADERS = 0x1000;
const NOWHERE = 0xffff_ffff_ffff_ffffn;
const PAGE = 0x1000n;
/** The kernel's text, data and modules lie above; the map of all physical memory lies below. */
const TOP_2_GIB = 0xffff_ffff_8000_0000n;

export class KernelMemory {
  private constructor(
    readonly files: Files,
    private readonly fd: number,
    private readonly segments: readonly Segment[],
    private readonly symbols: ReadonlyMap<string, bigint>,
  ) {}

  /** @throws FileError if this kernel has no /proc/kcore, or shows it to nobody */
  static async of(files: Files): Promise<KernelMemory> {
    const symbols = symbolsOf((await files.read("/proc/kallsyms")).toString("latin1"));
    const fd = await files.open("/proc/kcore");
    const headers = await files.pread(fd, 0n, HEADERS);
    return new KernelMemory(files, fd, segmentsOf(Buffer.from(headers ?? [])), symbols);
  }

  /** The address of a symbol, as `vm_list` or, where modules have one of the same name, `kvm:vm_list`. */
  symbol(name: string): bigint {
    const address = this.symbols.get(name);
    if (address === undefined) throw new Error(`this kernel has no symbol ${name}`);
    return address;
  }

  hasSymbol(name: string): boolean {
    return this.symbols.has(name);
  }

  /** The kernel's address of a place in physical memory. */
  ofPhysical(physical: bigint): bigint {
    for (const { at, physical: start, size } of this.segments)
      if (at < TOP_2_GIB && physical >= start && physical - start < size) return at + (physical - start);
    throw new Error(`there is no memory at the physical address 0x${physical.toString(16)}`);
  }

  /** Where a page is in physical memory that the kernel has in its map of all of it. */
  toPhysical(address: bigint): bigint {
    const { at, physical } = this.segment(address);
    if (physical === NOWHERE) throw new Error(`0x${address.toString(16)} is not in the kernel's map of physical memory`);
    return physical + (address - at);
  }

  /** A look at memory as it is now: what was read once is not read again. */
  look(): Look {
    return new Look((page) => this.page(page));
  }

  private async page(address: bigint): Promise<Uint8Array> {
    const { offset, at } = this.segment(address);
    const bytes = await this.files.pread(this.fd, offset + (address - at), Number(PAGE));
    if (bytes === undefined) throw new Error(`kernel memory at 0x${address.toString(16)} cannot be read`);
    return bytes;
  }

  private segment(address: bigint): Segment {
    const found = this.segments.find(({ at, size }) => address >= at && address - at < size);
    if (found === undefined) throw new Error(`there is no kernel memory at 0x${address.toString(16)}`);
    return found;
  }
}

/** One look at kernel memory. */
export class Look {
  private readonly pages = new Map<bigint, Promise<Uint8Array>>();

  constructor(private readonly page: (address: bigint) => Promise<Uint8Array>) {}

  /** @throws Error if there is no such memory */
  async bytes(address: bigint, length: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for (let at = address, left = length; left > 0;) {
      const start = at - (at % PAGE);
      const from = Number(at - start);
      const piece = (await this.cached(start)).subarray(from, Math.min(from + left, Number(PAGE)));
      pieces.push(piece);
      at += BigInt(piece.length);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async word(address: bigint): Promise<bigint> {
    return (await this.bytes(address, 8)).readBigUInt64LE();
  }

  private cached(start: bigint): Promise<Uint8Array> {
    const page = this.pages.get(start) ?? this.page(start);
    this.pages.set(start, page);
    return page;
  }
}

function segmentsOf(elf: Buffer): Segment[] {
  if (elf.length < HEADERS || elf.readUInt32LE(0) !== ELF_MAGIC) throw new Error("/proc/kcore is no ELF file");
  const table = Number(elf.readBigUInt64LE(32));
  const each = elf.readUInt16LE(54);
  const headers = Array.from({ length: elf.readUInt16LE(56) }, (_, i) => table + i * each);
  return headers
    .filter((at) => elf.readUInt32LE(at) === LOAD)
    .map((at) => ({
      offset: elf.readBigUInt64LE(at + 8),
      at: elf.readBigUInt64LE(at + 16),
      physical: elf.readBigUInt64LE(at + 24),
      size: elf.readBigUInt64LE(at + 40),
    }));
}

/** Lines as `ffffffffc0442b90 d vm_list`, and with a tab `[kvm]` if it is a module's. */
function symbolsOf(text: string): ReadonlyMap<string, bigint> {
  const symbols = new Map<string, bigint>();
  for (const line of text.split("\n")) {
    const [address = "", , name = "", module = ""] = line.split(/[ \t]/);
    if (name === "") continue;
    if (!symbols.has(name)) symbols.set(name, BigInt(`0x${address}`));
    if (module !== "") symbols.set(`${module.slice(1, -1)}:${name}`, BigInt(`0x${address}`));
  }
  return symbols;
}

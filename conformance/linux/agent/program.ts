/** Programs for the agent: lists of system calls and accesses to its memory. The wire format stands in agent.c. */

/** What a slot holds when the op is done, and something more (in bytes, say). */
export interface Slot {
  readonly slot: number;
  readonly plus?: number | bigint;
}

/** A 64-bit word: a number (negative ones as two's complement), or what a slot holds. */
export type Arg = number | bigint | Slot;

/** What a system call returned (a negative errno as the kernel gives it), or bytes that were peeked. */
export type Result = bigint | Uint8Array;

/** Slots are words shared by all threads of an agent: results that later ops, and later programs, use. */
export const SLOTS = 512;

const ZERO = SLOTS;
const DROP = SLOTS + 1;
const SYSCALL = 1;
const POKE = 2;
const PEEK = 3;
const LOAD = 4;
const OP_BYTES = 112;
const ARGUMENTS = 6;

/** The length of one result, and how to read it. */
interface Expected {
  readonly kind: typeof SYSCALL | typeof PEEK;
  readonly bytes: number;
}

/** A list of ops that a thread does in order, without a look back. Slots and lengths that cannot be throw RangeError. */
export class Program {
  private readonly pieces: Uint8Array[] = [];
  private readonly expected: Expected[] = [];

  /** The system call of this number (x86-64). Its result is answered, and is put into slot `into` besides. */
  syscall(nr: number, args: readonly Arg[] = [], into?: number): this {
    if (args.length > ARGUMENTS)
      throw new RangeError(`system call ${nr} is given ${args.length} arguments, and takes at most ${ARGUMENTS}`);
    this.expected.push({ kind: SYSCALL, bytes: 8 });
    return this.add(SYSCALL, nr, args, into);
  }

  /** Writes bytes into the agent's memory. A bad address ends the agent. */
  poke(at: Arg, bytes: Uint8Array): this {
    this.add(POKE, bytes.length, [at]);
    const padded = new Uint8Array(paddedLength(bytes.length));
    padded.set(bytes);
    this.pieces.push(padded);
    return this;
  }

  /** Reads bytes from the agent's memory, as a result. A bad address ends the agent. */
  peek(at: Arg, length: number): this {
    if (!(Number.isInteger(length) && length > 0)) throw new RangeError(`${length} bytes cannot be peeked`);
    this.expected.push({ kind: PEEK, bytes: length });
    return this.add(PEEK, length, [at]);
  }

  /** Reads a u64 from the agent's memory into a slot: for what a system call answers in memory. No result. */
  load(at: Arg, into: number): this {
    return this.add(LOAD, 0, [at], into);
  }

  /** As the agent takes it. */
  encoded(): Uint8Array {
    return Buffer.concat(this.pieces);
  }

  /** The results, from the bytes that the agent answered; they must be all that there is. */
  decoded(bytes: Buffer): Result[] {
    let at = 0;
    const results = this.expected.map((each) => {
      const from = at;
      at += paddedLength(each.bytes);
      if (at > bytes.length) throw new RangeError(`the agent answered ${bytes.length} bytes, fewer than its program has results`);
      return each.kind === SYSCALL ? bytes.readBigInt64LE(from) : new Uint8Array(bytes.subarray(from, from + each.bytes));
    });
    if (at !== bytes.length) throw new RangeError(`the agent answered ${bytes.length} bytes, and its program has ${at} bytes of results`);
    return results;
  }

  private add(kind: number, number: number, args: readonly Arg[], into?: number): this {
    const op = Buffer.alloc(OP_BYTES);
    op.writeUInt32LE(kind, 0);
    op.writeUInt32LE(into === undefined ? DROP : known(into), 4);
    op.writeBigUInt64LE(BigInt(number), 8);
    for (let i = 0; i < ARGUMENTS; i++) {
      const arg = args[i] ?? 0;
      const { slot, plus } = typeof arg === "object" ? { slot: known(arg.slot), plus: arg.plus ?? 0 } : { slot: ZERO, plus: arg };
      op.writeBigUInt64LE(BigInt(slot), 16 + 16 * i);
      op.writeBigUInt64LE(BigInt.asUintN(64, BigInt(plus)), 24 + 16 * i);
    }
    this.pieces.push(op);
    return this;
  }
}

/** Everything on the wire is made of whole words. */
export function paddedLength(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function known(slot: number): number {
  if (!(Number.isInteger(slot) && slot >= 0 && slot < SLOTS)) throw new RangeError(`there is no slot ${slot}: they are 0 to ${SLOTS - 1}`);
  return slot;
}

/** The frames that go to and come from the agent. The wire format stands in agent.c. */
import type { Program, Result } from "./program";

/** Of frames to the agent. */
export const TO = { run: 1, kick: 2, race: 3 } as const;
/** Of frames from the agent. */
export const FROM = { hello: 1, done: 2, world: 3, dying: 4 } as const;

/** As one came. */
export interface Frame {
  readonly kind: number;
  readonly thread: number;
  readonly body: Buffer;
}

const HEAD_BYTES = 16;

/** One frame in bytes; its body is what the pieces are together. */
export function frame(kind: number, thread: number, ...pieces: readonly Uint8Array[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(thread, 4);
  head.writeBigUInt64LE(BigInt(length), 8);
  return Buffer.concat([head, ...pieces]);
}

/** Cuts a stream into frames. What it returns is to be given each piece of the stream. */
export function splitFrames(heard: (frame: Frame) => void): (piece: Buffer) => void {
  let pieces: Buffer[] = [];
  let have = 0;
  let wanted = HEAD_BYTES;
  return (piece) => {
    pieces.push(piece);
    have += piece.length;
    if (have < wanted) return;
    let rest = pieces.length === 1 ? piece : Buffer.concat(pieces);
    for (wanted = sizeOf(rest); rest.length >= wanted; wanted = sizeOf(rest)) {
      heard({ kind: rest.readUInt32LE(0), thread: rest.readUInt32LE(4), body: rest.subarray(HEAD_BYTES, wanted) });
      rest = rest.subarray(wanted);
    }
    pieces = [rest];
    have = rest.length;
  };
}

/** How long the frame is whose start this is; as long as a head, if there is no whole one yet. */
function sizeOf(start: Buffer): number {
  return start.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + Number(start.readBigUInt64LE(8));
}

/** The parts of a race: each with a head of its own. */
export function parts(programs: readonly Program[]): Buffer {
  return Buffer.concat(
    programs.flatMap((program) => {
      const encoded = program.encoded();
      return [words(0, encoded.length), encoded];
    }),
  );
}

/** The results of the parts of a race, and whether that part had to be kicked. */
export function partResults(programs: readonly Program[], body: Buffer): { late: boolean; results: Result[] }[] {
  let at = 0;
  return programs.map((program) => {
    const late = body.readBigUInt64LE(at) !== 0n;
    const from = at + 16;
    at = from + Number(body.readBigUInt64LE(at + 8));
    return { late, results: program.decoded(body.subarray(from, at)) };
  });
}

/** Numbers as 64-bit words. */
export function words(...numbers: readonly (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(8 * numbers.length);
  numbers.forEach((number, i) => bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(number)), 8 * i));
  return bytes;
}

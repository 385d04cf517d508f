/** Single bits of memory changed atomically: FUTEX_WAKE_OP does that, and wakes nobody. Source: futex(2). */
import { SYS } from "../uapi/ioctl";
import { SCRATCH } from "./memory";
import type { Script } from "./script";

const FUTEX_WAKE_OP = 5;
const OR = 1;
const AND_NOT = 3;
/** The operand is a bit's number. */
const SHIFT = 8;

export function setBit(script: Script, address: number, bit: number): void {
  change(script, OR, address, bit);
}

export function clearBit(script: Script, address: number, bit: number): void {
  change(script, AND_NOT, address, bit);
}

/** Futexes are words of 32 bits. */
function change(script: Script, op: number, address: number, bit: number): void {
  const word = Math.floor(address / 4) * 4;
  const operand = (address - word) * 8 + bit;
  script.syscall(SYS.futex, [SCRATCH.at, FUTEX_WAKE_OP, 0, 0, word, (op | SHIFT) * 2 ** 28 + operand * 2 ** 12]);
}

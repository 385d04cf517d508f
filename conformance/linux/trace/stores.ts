/** What an instruction that wrote to a bitmap did to it: KVM's requests are set by two instructions. */

/** The bit that was set: known from the instruction, or the register that had it. */
export type BitSet = { readonly bit: number } | { readonly register: number };

/** The prefix `lock`, or what the kernel has in its place on a machine with one CPU. */
const LOCKS = [0xf0, 0x3e];
const OR_BYTE = 0x80;
const BTS = [0x0f, 0xab];
const REX = 0x40;
const REX_R = 4;
const WORD = 8;

/** How many bytes of text before an instruction's end are looked at: the longest such instruction. */
export const LONGEST = 12;

/**
 * Which bit the instruction set that ends where `text` does: `lock or` of a byte with a constant, or `lock bts` of a
 * register. Undefined if it is neither: requests are cleared by others.
 * @param text the bytes before the instruction pointer
 */
export function bitSetBy(text: Uint8Array): BitSet | undefined {
  for (let length = 4; length <= Math.min(LONGEST, text.length); length++) {
    const found = decoded(text.subarray(text.length - length));
    if (found !== undefined) return found;
  }
  return undefined;
}

function decoded(bytes: Uint8Array): BitSet | undefined {
  if (!LOCKS.includes(bytes[0] ?? 0)) return undefined;
  const rex = ((bytes[1] ?? 0) & 0xf0) === REX ? (bytes[1] ?? 0) : undefined;
  const rest = bytes.subarray(rex === undefined ? 1 : 2);
  if (rest[0] === OR_BYTE) return orByte(rest.subarray(1));
  if (rest[0] === BTS[0] && rest[1] === BTS[1] && rex !== undefined) return bts(rest.subarray(2), rex);
  return undefined;
}

/** `or $constant, displacement(register)`: the operand, and one byte more. */
function orByte(operand: Uint8Array): BitSet | undefined {
  const form = formOf(operand);
  const constant = operand[operand.length - 1] ?? 0;
  const isPower = constant !== 0 && (constant & (constant - 1)) === 0;
  if (form === undefined || form.field !== 1 || form.length !== operand.length - 1 || !isPower) return undefined;
  // Bitmaps lie at whole words of structs that do, so the displacement says which byte it is.
  const byte = ((form.displacement % WORD) + WORD) % WORD;
  return { bit: byte * 8 + Math.log2(constant) };
}

function bts(operand: Uint8Array, rex: number): BitSet | undefined {
  const form = formOf(operand);
  if (form === undefined || form.length !== operand.length) return undefined;
  return { register: form.field + ((rex & REX_R) !== 0 ? 8 : 0) };
}

/** A ModRM byte with what belongs to it: the middle field, the displacement, how many bytes in all. */
function formOf(operand: Uint8Array): { field: number; displacement: number; length: number } | undefined {
  const modrm = operand[0];
  if (modrm === undefined) return undefined;
  const mode = modrm >> 6;
  const at = (modrm & 7) === 4 ? 2 : 1;
  const size = [0, 1, 4, undefined][mode];
  if (size === undefined || operand.length < at + size || (mode === 0 && (modrm & 7) === 5)) return undefined;
  const view = new DataView(operand.buffer, operand.byteOffset, operand.byteLength);
  const displacement = size === 0 ? 0 : size === 1 ? view.getInt8(at) : view.getInt32(at, true);
  return { field: (modrm >> 3) & 7, displacement, length: at + size };
}

/** Where struct pt_regs has the registers as instructions number them: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15. */
const IN_PT_REGS = [10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0];

/** The index in struct pt_regs of a register as an instruction names it. */
export function placeInRegisters(register: number): number {
  return IN_PT_REGS[register] ?? 0;
}

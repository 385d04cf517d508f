/** Writes BTF, for tests of what reads it. */

/** Writes a blob, type by type, as the description of the format says. Ids go on from `types`, offsets of names from `strings`. */
export class BtfWriter {
  private readonly words: number[] = [];
  private text = "";

  constructor(
    private types = 0,
    private readonly strings = 0,
  ) {
    // The first string is the empty one; a split blob's strings just go on.
    if (strings === 0) this.text = "\0";
  }

  /** The offset of a name in the strings. */
  name(name: string): number {
    if (name === "") return 0;
    const at = this.strings + this.text.length;
    this.text += `${name}\0`;
    return at;
  }

  /** Adds a type, and gives its id. */
  type(kind: number, name: string, sizeOrType: number, more: readonly number[] = [], length = 0, flag = false): number {
    this.words.push(this.name(name), ((flag ? 0x80000000 : 0) | (kind << 24) | length) >>> 0, sizeOrType, ...more);
    return ++this.types;
  }

  /** A struct, or as kind 5 a union: of each member its name, type, bit, and its width if it is a bit field. */
  struct(name: string, size: number, members: readonly (readonly [string, number, number, number?])[], kind = 4): number {
    const flag = members.some(([, , , width]) => width !== undefined);
    const more = members.flatMap(([member, type, bit, width = 0]) => [this.name(member), type, ((width << 24) | bit) >>> 0]);
    return this.type(kind, name, size, more, members.length, flag);
  }

  /** All of it, as a file. */
  blob(): Buffer {
    const types = Buffer.alloc(this.words.length * 4);
    this.words.forEach((word, i) => types.writeUInt32LE(word, i * 4));
    const strings = Buffer.from(this.text, "latin1");
    const header = Buffer.alloc(24);
    header.writeUInt16LE(0xeb9f, 0);
    header.writeUInt8(1, 2);
    [24, 0, types.length, types.length, strings.length].forEach((word, i) => header.writeUInt32LE(word, 4 + i * 4));
    return Buffer.concat([header, types, strings]);
  }

  /** Where the strings of a split blob go on. */
  stringLength(): number {
    return this.text.length;
  }
}

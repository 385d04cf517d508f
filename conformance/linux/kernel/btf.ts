/**
 * BTF: the kernel's own description of its types, as /sys/kernel/btf has it for the kernel and each module.
 *
 * The format is described in the kernel's Documentation/bpf/btf.rst. Only little-endian blobs are read.
 * A module's blob is split: its type ids and string offsets go on where those of the kernel end.
 */

/** A bit field within the bytes of its member. */
export interface Bits {
  readonly at: number;
  readonly size: number;
}

/** Where a member lies in its struct, in bytes, and what it is. */
export interface Member {
  readonly offset: number;
  readonly size: number;
  readonly bits?: Bits;
  readonly type: number;
}

interface Type {
  readonly kind: number;
  readonly name: string;
  /** Bytes of what has a size, the type id of what refers to another type. */
  readonly sizeOrType: number;
  readonly flag: boolean;
  readonly length: number;
  /** Where in the blob what belongs to the kind begins. */
  readonly more: number;
}

const MAGIC = 0xeb9f;
const HEADER = 24;
const MEMBER = 12;
const KIND = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  proto: 13,
  variable: 14,
  section: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;
const NEWEST_KIND = KIND.enum64;
const ALIASES: ReadonlySet<number> = new Set([KIND.typedef, KIND.volatile, KIND.const, KIND.restrict, KIND.typeTag]);
const RECORDS: ReadonlySet<number> = new Set([KIND.struct, KIND.union]);
const SIZED: ReadonlySet<number> = new Set([KIND.int, KIND.struct, KIND.union, KIND.enum, KIND.enum64, KIND.float]);
const POINTER_SIZE = 8;

/** How many bytes follow the common part of a type, by its kind. */
function tail(kind: number, length: number): number {
  switch (kind) {
    case KIND.int:
    case KIND.variable:
    case KIND.declTag:
      return 4;
    case KIND.array:
      return 12;
    case KIND.struct:
    case KIND.union:
    case KIND.section:
    case KIND.enum64:
      return 12 * length;
    case KIND.enum:
    case KIND.proto:
      return 8 * length;
    default:
      return 0;
  }
}

export class Btf {
  private readonly types: Type[] = [];
  private readonly byName = new Map<string, number>();
  private readonly view: DataView;
  private readonly firstType: number;
  private readonly firstString: number;
  private readonly strings: Buffer;

  /**
   * @param blob a file of /sys/kernel/btf
   * @param base what a module's types go on from: the kernel's
   * @throws Error if the blob is no BTF, or cut short
   */
  constructor(
    blob: Uint8Array,
    private readonly base?: Btf,
  ) {
    this.view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    if (blob.byteLength < HEADER || this.u16(0) !== MAGIC) throw new Error("this is no little-endian BTF: the magic 0xeb9f is missing");
    const header = this.u32(4);
    const types = { from: header + this.u32(8), length: this.u32(12) };
    const strings = { from: header + this.u32(16), length: this.u32(20) };
    if (Math.max(types.from + types.length, strings.from + strings.length) > blob.byteLength) throw new Error("this BTF is cut short");
    this.strings = Buffer.from(blob.buffer, blob.byteOffset + strings.from, strings.length);
    this.firstString = base === undefined ? 0 : base.firstString + base.strings.length;
    this.firstType = base === undefined ? 1 : base.firstType + base.types.length;
    this.list(types.from, types.from + types.length);
  }

  /** How many bytes a struct or union takes. */
  size(struct: string): number {
    return this.sizeOf(this.record(struct));
  }

  /** Is there such a struct or union, not only a mention of it? */
  has(struct: string): boolean {
    return this.find(struct) !== undefined;
  }

  /**
   * Where a member lies, by a path as C writes it: `arch.xen.xen_lock`, `memslots[0]`. Unions and structs without a name are
   * looked through, pointers are not followed.
   * @throws Error if there is no such member; says which ones there are
   */
  member(struct: string, path: string): Member {
    return this.memberOf(this.record(struct), path);
  }

  /** As `member`, in the type with this id. */
  memberOf(type: number, path: string): Member {
    let found: Member = { offset: 0, size: this.sizeOf(type), type };
    for (const part of path.split(".")) {
      const [, name = "", index] = /^(\w+)(?:\[(\d+)\])?$/.exec(part) ?? [];
      const inner = this.direct(this.plain(found.type), name);
      if (inner === undefined) throw new Error(`there is no "${part}" of "${path}" in ${this.describe(found.type)}`);
      found = { ...inner, offset: found.offset + inner.offset };
      if (index !== undefined) found = this.element(found, Number(index));
    }
    return found;
  }

  /** Has the struct with this id a member at this path? Kernels differ. */
  hasMemberOf(type: number, path: string): boolean {
    try {
      this.memberOf(type, path);
      return true;
    } catch {
      return false;
    }
  }

  /** The type that a pointer points to, undefined if the type is no pointer. */
  pointee(type: number): number | undefined {
    const plain = this.plain(type);
    const pointer = this.type(plain);
    if (pointer.kind !== KIND.pointer) return undefined;
    const target = this.plain(pointer.sizeOrType);
    const name = this.type(target).name;
    return this.type(target).kind === KIND.forward ? (this.find(name) ?? target) : target;
  }

  /** The id of a struct or union by name. */
  record(name: string): number {
    const id = this.find(name);
    if (id === undefined) throw new Error(`this kernel's BTF describes no struct or union "${name}"`);
    return id;
  }

  /** The values of an enum by name, in the order of the declaration. */
  values(name: string): ReadonlyMap<string, number> {
    const id = this.lookUp(`enum ${name}`);
    if (id === undefined) throw new Error(`this kernel's BTF describes no enum "${name}"`);
    return this.owner(id).ownValues(id);
  }

  private ownValues(id: number): ReadonlyMap<string, number> {
    const type = this.type(id);
    const wide = type.kind === KIND.enum64;
    const values = new Map<string, number>();
    for (let i = 0; i < type.length; i++) {
      const at = type.more + i * (wide ? 12 : 8);
      const low = type.flag && !wide ? this.view.getInt32(at + 4, true) : this.u32(at + 4);
      values.set(this.text(this.u32(at)), wide ? this.u32(at + 8) * 2 ** 32 + low : low);
    }
    return values;
  }

  private list(from: number, to: number): void {
    for (let at = from; at < to;) {
      const info = this.u32(at + 4);
      const kind = (info >>> 24) & 0x1f;
      const length = info & 0xffff;
      if (kind === 0 || kind > NEWEST_KIND) throw new Error(`this BTF has a type of kind ${kind}, which was not known in 2026`);
      const type = { kind, length, name: this.text(this.u32(at)), sizeOrType: this.u32(at + 8), flag: info >>> 31 === 1, more: at + 12 };
      const id = this.firstType + this.types.push(type) - 1;
      const space = RECORDS.has(kind) ? "struct" : kind === KIND.enum || kind === KIND.enum64 ? "enum" : undefined;
      if (space !== undefined && type.name !== "" && !this.byName.has(`${space} ${type.name}`))
        this.byName.set(`${space} ${type.name}`, id);
      at = type.more + tail(kind, length);
    }
  }

  /** The member with this name, be it in a struct or union without one. */
  private direct(id: number, name: string): Member | undefined {
    const owner = this.owner(id);
    const type = this.type(id);
    if (!RECORDS.has(type.kind)) return undefined;
    for (let i = 0; i < type.length; i++) {
      const at = type.more + i * MEMBER;
      const own = owner.text(owner.u32(at));
      const member = this.place(owner.u32(at + 4), owner.u32(at + 8), type.flag);
      if (own === name) return member;
      const inner = own === "" ? this.direct(this.plain(member.type), name) : undefined;
      if (inner !== undefined) return { ...inner, offset: inner.offset + member.offset };
    }
    return undefined;
  }

  private place(type: number, offset: number, flagged: boolean): Member {
    const width = flagged ? offset >>> 24 : 0;
    const bit = flagged ? offset & 0xffffff : offset;
    const size = this.sizeOf(type);
    if (width === 0) return { offset: bit / 8, size, type };
    const aligned = Math.floor(bit / 8 / size) * size;
    return { offset: aligned, size, type, bits: { at: bit - aligned * 8, size: width } };
  }

  private element(array: Member, index: number): Member {
    const plain = this.plain(array.type);
    const type = this.type(plain);
    if (type.kind !== KIND.array) throw new Error(`${this.describe(array.type)} is no array`);
    const element = this.owner(plain).u32(type.more);
    const size = this.sizeOf(element);
    return { offset: array.offset + index * size, size, type: element };
  }

  private sizeOf(id: number): number {
    const plain = this.plain(id);
    const type = this.type(plain);
    if (type.kind === KIND.array) return this.sizeOf(this.owner(plain).u32(type.more)) * this.owner(plain).u32(type.more + 8);
    if (type.kind === KIND.pointer) return POINTER_SIZE;
    return SIZED.has(type.kind) ? type.sizeOrType : 0;
  }

  /** Without typedefs and qualifiers. */
  private plain(id: number): number {
    let now = id;
    while (now !== 0 && ALIASES.has(this.type(now).kind)) now = this.type(now).sizeOrType;
    return now;
  }

  private describe(id: number): string {
    const plain = this.plain(id);
    const type = this.type(plain);
    if (!RECORDS.has(type.kind)) return `a type of kind ${type.kind}, which has no members`;
    const names = Array.from({ length: type.length }, (_, i) => this.owner(plain).text(this.owner(plain).u32(type.more + i * MEMBER)));
    return `struct ${type.name || "without a name"}, which has ${names.map((name) => name || "(one without a name)").join(", ")}`;
  }

  private find(name: string): number | undefined {
    return this.lookUp(`struct ${name}`);
  }

  private lookUp(name: string): number | undefined {
    return this.byName.get(name) ?? this.base?.lookUp(name);
  }

  private type(id: number): Type {
    const owner = this.owner(id);
    const type = owner.types[id - owner.firstType];
    if (type === undefined) throw new Error(id === 0 ? "void has no members" : `this BTF mentions type ${id} and has none`);
    return type;
  }

  private owner(id: number): Btf {
    return id < this.firstType && this.base !== undefined ? this.base.owner(id) : this;
  }

  private text(offset: number): string {
    if (offset < this.firstString && this.base !== undefined) return this.base.text(offset);
    const at = offset - this.firstString;
    const end = this.strings.indexOf(0, at);
    if (end < 0) throw new Error("this BTF mentions a string that it does not have");
    return this.strings.toString("latin1", at, end);
  }

  private u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  private u32(at: number): number {
    return this.view.getUint32(at, true);
  }
}

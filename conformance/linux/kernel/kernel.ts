/** A running kernel, seen from inside: its memory, and what its own type information says about it. */
import type { Agent } from "../agent/agent";
import { Btf, type Member } from "./btf";
import { Files } from "./files";
import { KernelMemory, type Look } from "./kcore";

/** A struct of the kernel's at an address, as it is in one look at memory. */
export class Struct {
  constructor(
    readonly look: Look,
    readonly btf: Btf,
    private readonly type: number,
    readonly address: bigint,
  ) {}

  /**
   * The number at a path as C writes it: `arch.apic->apicv_active`. Undefined if a pointer on the way is NULL.
   * @throws Error if this kernel has no such member
   */
  async number(path: string): Promise<bigint | undefined> {
    const found = await this.find(path);
    return found === undefined ? undefined : valueOf(await this.look.bytes(found.address, found.member.size), found.member);
  }

  /** The bytes of a member: of an array, say. */
  async bytes(path: string): Promise<Buffer | undefined> {
    const found = await this.find(path);
    return found === undefined ? undefined : this.look.bytes(found.address, found.member.size);
  }

  /** The struct that a pointer at a path points to, undefined if it is NULL. */
  async follow(path: string): Promise<Struct | undefined> {
    const found = await this.find(path);
    return found === undefined ? undefined : this.behind(found.member, found.address);
  }

  /** The address of a member, wherever it may lie in this struct. */
  addressOf(path: string): bigint {
    return this.address + BigInt(this.btf.memberOf(this.type, path).offset);
  }

  /** The struct that is at a path in this one. */
  inner(path: string): Struct {
    const { offset, type } = this.btf.memberOf(this.type, path);
    return new Struct(this.look, this.btf, type, this.address + BigInt(offset));
  }

  /** Has it such a member in this kernel? `path` follows no pointers. */
  has(path: string): boolean {
    return this.btf.hasMemberOf(this.type, path);
  }

  private async find(path: string): Promise<{ address: bigint; member: Member } | undefined> {
    const [first = "", ...rest] = path.split("->");
    const member = this.btf.memberOf(this.type, first);
    const address = this.address + BigInt(member.offset);
    if (rest.length === 0) return { address, member };
    const next = await this.behind(member, address);
    return next?.find(rest.join("->"));
  }

  private async behind(member: Member, address: bigint): Promise<Struct | undefined> {
    const pointee = this.btf.pointee(member.type);
    if (pointee === undefined) throw new Error("there is no pointer here");
    const target = await this.look.word(address);
    return target === 0n ? undefined : new Struct(this.look, this.btf, pointee, target);
  }
}

export class Kernel {
  private task: bigint | undefined;

  private constructor(
    readonly files: Files,
    readonly memory: KernelMemory,
    private readonly modules: ReadonlyMap<string, Btf>,
  ) {}

  /** @throws FileError if the kernel does not show its types or its memory */
  static async of(agent: Agent, modules: readonly string[] = ["kvm", "kvm_amd"]): Promise<Kernel> {
    const files = await Files.of(agent);
    const base = new Btf(await files.read("/sys/kernel/btf/vmlinux"));
    const split = new Map([["vmlinux", base]]);
    for (const module of modules) split.set(module, new Btf(await files.read(`/sys/kernel/btf/${module}`), base));
    return new Kernel(files, await KernelMemory.of(files), split);
  }

  /** The types of a module, those of the kernel included. */
  types(module: string): Btf {
    const btf = this.modules.get(module);
    if (btf === undefined) throw new Error(`the types of ${module} were not read`);
    return btf;
  }

  /** The address of the agent's struct task_struct. */
  async agentTask(): Promise<bigint> {
    return (this.task ??= await this.findTask(await this.files.pid()));
  }

  private async findTask(pid: number): Promise<bigint> {
    const look = this.memory.look();
    const first = this.struct(look, "vmlinux", "task_struct", this.memory.symbol("init_task"));
    const link = first.addressOf("tasks") - first.address;
    for (let at = await look.word(first.address + link); at !== first.address + link; at = await look.word(at)) {
      const task = this.struct(look, "vmlinux", "task_struct", at - link);
      if (Number(await task.number("pid")) === pid) return task.address;
    }
    throw new Error(`the agent, process ${pid}, is not in the kernel's list of tasks`);
  }

  struct(look: Look, module: string, name: string, address: bigint): Struct {
    const btf = this.types(module);
    return new Struct(look, btf, btf.record(name), address);
  }
}

function valueOf(bytes: Buffer, { size, bits }: Member): bigint {
  const whole = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
  if (size > 8 || size === 0) throw new Error(`a member of ${size} bytes is no number`);
  return bits === undefined ? whole : (whole >> BigInt(bits.at)) & ((1n << BigInt(bits.size)) - 1n);
}

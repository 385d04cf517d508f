/** A VM as the kernel has it: found by its file descriptor, so that it can be no other. */
import type { Kernel, Struct } from "./kernel";
import type { Look } from "./kcore";
import type { Arg } from "../agent/program";

/** A vCPU, and its slot in the kernel's array of them. */
export interface KernelVcpu {
  readonly slot: number;
  readonly id: number;
  readonly struct: Struct;
}

/** The low bits of an entry of an xarray say what it is: none of them, a pointer. */
const TAGS = 3n;
const NODE = 2n;
const SLOTS_PER_NODE = 64;
const POINTER = 8;

export class KernelVm {
  private constructor(
    private readonly kernel: Kernel,
    private readonly fd: number,
    /** The address of its struct kvm. */
    readonly address: bigint,
  ) {}

  /**
   * The VM behind a file descriptor of the agent's.
   * @throws Error if that is no VM
   */
  static async of(kernel: Kernel, fd: Arg): Promise<KernelVm> {
    // The descriptor may be in a slot, and its number known to nobody. A copy leads to the same file.
    const copy = await kernel.files.dup(fd);
    try {
      const table = await Descriptors.of(kernel, kernel.memory.look());
      const address = await table.vm(copy);
      if (address === undefined) throw new Error("a file descriptor that should be a VM's is none");
      for (let number = 0; number < table.size; number++)
        if (number !== copy && (await table.vm(number)) === address) return new KernelVm(kernel, number, address);
      throw new Error("a VM has no file descriptor");
    } finally {
      await kernel.files.close(copy);
    }
  }

  /**
   * The VM as it is now.
   * @throws Error if it has gone: its memory may be another's
   */
  async look(): Promise<KernelVmLook> {
    const look = this.kernel.memory.look();
    const table = await Descriptors.of(this.kernel, look);
    if ((await table.vm(this.fd)) !== this.address) throw new Error("the VM that was to be read has gone");
    return new KernelVmLook(this.kernel, look, this.kernel.struct(look, "kvm", "kvm", this.address));
  }
}

/** One look at a VM. */
export class KernelVmLook {
  constructor(
    readonly kernel: Kernel,
    readonly look: Look,
    readonly kvm: Struct,
  ) {}

  /** A number of struct kvm, by a path that leads to one. */
  async number(path: string): Promise<number> {
    const value = await this.kvm.number(path);
    if (value === undefined) throw new Error(`kvm->${path} leads through a NULL pointer`);
    return Number(value);
  }

  /** The same VM as kvm-amd has it. */
  svm(): Struct {
    return this.kernel.struct(this.look, "kvm_amd", "kvm_svm", this.kvm.address);
  }

  /** A vCPU as kvm-amd has it. */
  vcpuSvm({ struct }: KernelVcpu): Struct {
    return this.kernel.struct(this.look, "kvm_amd", "vcpu_svm", struct.address);
  }

  /** The vCPUs that can be found, in the order of their slots. */
  async vcpus(): Promise<KernelVcpu[]> {
    const found = new Map<number, bigint>();
    await this.entries(await this.look.word(this.kvm.addressOf("vcpu_array.xa_head")), 0, found);
    const online = await this.number("online_vcpus.counter");
    const vcpus: KernelVcpu[] = [];
    for (const [slot, address] of found) {
      if (slot >= online) continue;
      const struct = this.kernel.struct(this.look, "kvm", "kvm_vcpu", address);
      if ((await struct.number("kvm")) !== this.kvm.address) throw new Error(`what is in slot ${slot} is no vCPU of this VM`);
      vcpus.push({ slot, id: Number(await struct.number("vcpu_id")), struct });
    }
    return vcpus;
  }

  /** The pointers that an xarray has, by their index. */
  private async entries(entry: bigint, index: number, found: Map<number, bigint>): Promise<void> {
    if (entry === 0n) return;
    if ((entry & TAGS) === 0n) return void found.set(index, entry);
    if ((entry & TAGS) !== NODE) return;
    const node = this.kernel.struct(this.look, "vmlinux", "xa_node", entry - NODE);
    const shift = Number(await node.number("shift"));
    const slots = node.addressOf("slots");
    for (let i = 0; i < SLOTS_PER_NODE; i++)
      await this.entries(await this.look.word(slots + BigInt(i * POINTER)), index + (i << shift), found);
  }
}

/** The agent's file descriptors. */
class Descriptors {
  private constructor(
    private readonly kernel: Kernel,
    private readonly look: Look,
    readonly size: number,
    private readonly files: bigint,
  ) {}

  static async of(kernel: Kernel, look: Look): Promise<Descriptors> {
    const task = kernel.struct(look, "vmlinux", "task_struct", await kernel.agentTask());
    const table = await task.follow("files->fdt");
    if (table === undefined) throw new Error("the agent has no files");
    return new Descriptors(kernel, look, Number(await table.number("max_fds")), (await table.number("fd")) ?? 0n);
  }

  /** The address of the struct kvm behind a descriptor; undefined if it is no VM's. */
  async vm(fd: number): Promise<bigint | undefined> {
    const pointer = fd < this.size ? await this.look.word(this.files + BigInt(fd * POINTER)) : 0n;
    if (pointer === 0n) return undefined;
    const file = this.kernel.struct(this.look, "vmlinux", "file", pointer);
    return (await file.number("f_op")) === this.kernel.memory.symbol("kvm:kvm_vm_fops") ? file.number("private_data") : undefined;
  }
}

/** VMs in a kernel of a few structs, laid out by hand: what is stale or misplaced is found. */
import { Btf } from "./btf";
import { BtfWriter } from "./btf-writer";
import { Look } from "./kcore";
import { Struct, type Kernel } from "./kernel";
import { KernelVm } from "./kernel-vm";

const [TASK, FILES, FDT, FDS, FILE, KVM, VCPU, OTHER_VCPU, FAR_VCPU, NODE] = [
  0x10000n,
  0x10100n,
  0x10200n,
  0x10300n,
  0x10400n,
  0x20000n,
  0x30000n,
  0x30100n,
  0x30200n,
  0x40000n,
];
const VM_FOPS = 0x50000n;
const COPY = 4;
const FD = 3;

/** Where struct kvm has its members, in bytes; a wrong one can be planted. */
const OFFSETS = { vcpu_array: 8, online_vcpus: 32 };

function types(offsets = OFFSETS): Btf {
  const writer = new BtfWriter();
  const long = writer.type(1, "long", 8, [64]);
  const byte = writer.type(1, "byte", 1, [8]);
  const pointerTo = (id: number): number => writer.type(2, "", id);
  const at = (name: string, type: number, bytes: number): [string, number, number] => [name, type, bytes * 8];
  const fdtable = writer.struct("fdtable", 16, [at("max_fds", long, 0), at("fd", long, 8)]);
  const files = writer.struct("files_struct", 8, [at("fdt", pointerTo(fdtable), 0)]);
  writer.struct("task_struct", 8, [at("files", pointerTo(files), 0)]);
  writer.struct("file", 16, [at("f_op", long, 0), at("private_data", long, 8)]);
  const xarray = writer.struct("xarray", 16, [at("lock", long, 0), at("xa_head", long, 8)]);
  const atomic = writer.struct("atomic_t", 8, [at("counter", long, 0)]);
  writer.struct("kvm", 64, [at("vcpu_array", xarray, offsets.vcpu_array), at("online_vcpus", atomic, offsets.online_vcpus)]);
  writer.struct("kvm_vcpu", 16, [at("kvm", long, 0), at("vcpu_id", long, 8)]);
  const slots = writer.type(3, "", 0, [long, long, 64]);
  writer.struct("xa_node", 8 + 64 * 8, [at("shift", byte, 0), at("slots", slots, 8)]);
  return new Btf(writer.blob());
}

/** One VM with file descriptor 3 (and a copy, 4), and no vCPU. */
function memory(): Map<bigint, bigint> {
  return new Map<bigint, bigint>([
    [TASK, FILES],
    [FILES, FDT],
    [FDT, 8n],
    [FDT + 8n, FDS],
    [FDS + 8n * BigInt(FD), FILE],
    [FDS + 8n * BigInt(COPY), FILE],
    [FILE, VM_FOPS],
    [FILE + 8n, KVM],
    [VCPU, KVM],
    [VCPU + 8n, 7n],
    [OTHER_VCPU, KVM],
    [OTHER_VCPU + 8n, 300n],
    [FAR_VCPU, KVM],
    [FAR_VCPU + 8n, 5n],
  ]);
}

function kernel(words: ReadonlyMap<bigint, bigint>, btf = types()): Kernel {
  const page = (start: bigint): Promise<Uint8Array> => {
    const bytes = Buffer.alloc(4096);
    for (const [at, word] of words) if (at >= start && at < start + 4096n) bytes.writeBigUInt64LE(word, Number(at - start));
    return Promise.resolve(bytes);
  };
  const stub = {
    files: { dup: () => Promise.resolve(COPY), close: () => Promise.resolve() },
    memory: { look: () => new Look(page), symbol: () => VM_FOPS },
    agentTask: () => Promise.resolve(TASK),
    struct: (look: Look, _: string, name: string, address: bigint) => new Struct(look, btf, btf.record(name), address),
  };
  return stub as unknown as Kernel;
}

async function vcpusOf(words: ReadonlyMap<bigint, bigint>, btf = types()): Promise<(readonly [number, number])[]> {
  const look = await (await KernelVm.of(kernel(words, btf), FD)).look();
  return (await look.vcpus()).map(({ slot, id }) => [slot, id] as const);
}

test("a VM is found by its file descriptor, and its vCPUs by their slots", async () => {
  const words = memory();
  expect(await vcpusOf(words)).toEqual([]);
  // One vCPU is the array's head itself.
  words.set(KVM + 16n, VCPU).set(KVM + 32n, 1n);
  expect(await vcpusOf(words)).toEqual([[0, 7]]);
  // More are in a node of the tree, those beyond 64 one level lower; and one is not yet counted.
  const top = NODE + 0x1000n;
  words
    .set(KVM + 16n, top + 2n)
    .set(KVM + 32n, 66n)
    .set(top, 6n);
  words
    .set(top + 8n, NODE + 2n)
    .set(NODE + 8n, VCPU)
    .set(NODE + 16n, OTHER_VCPU);
  words
    .set(top + 16n, NODE + 0x2002n)
    .set(NODE + 0x2000n + 16n, FAR_VCPU)
    .set(NODE + 0x2000n + 24n, 0x99999000n);
  expect(await vcpusOf(words)).toEqual([
    [0, 7],
    [1, 300],
    [65, 5],
  ]);
});

test("a VM that has gone is not read, whatever is in its memory now", async () => {
  const words = memory();
  const vm = await KernelVm.of(kernel(words), FD);
  await expect(vm.look()).resolves.toBeDefined();
  // Its file is closed; the descriptor is another file's; or of another VM.
  for (const [at, word] of [
    [FDS + 8n * BigInt(FD), 0n],
    [FILE, VM_FOPS + 8n],
    [FILE + 8n, KVM + 0x8000n],
  ] as const) {
    const old = words.get(at) ?? 0n;
    words.set(at, word);
    await expect(vm.look()).rejects.toThrow("has gone");
    words.set(at, old);
  }
});

test("a file descriptor that is no VM's is refused", async () => {
  await expect(KernelVm.of(kernel(memory().set(FILE, 0n)), FD)).rejects.toThrow("is none");
});

test("a wrong offset leads to what is no vCPU, and is found", async () => {
  const words = memory()
    .set(KVM + 16n, VCPU)
    .set(KVM + 24n, FILE)
    .set(KVM + 32n, 1n);
  await expect(vcpusOf(words, types({ ...OFFSETS, vcpu_array: 16 }))).rejects.toThrow("no vCPU of this VM");
});

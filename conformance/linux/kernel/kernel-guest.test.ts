/** The inside of a real kernel, in a guest: what is read and told of it is right, and lies are found. */
import { join } from "node:path";
import { needs } from "../../../tools/needs";
import { AVIC_READS } from "./avic-reads";
import type { Btf } from "./btf";
import { Kernel } from "./kernel";
import { KernelEvents } from "../trace/kernel-events";
import { HYPERV_READS, KVM_READS } from "./kernel-reads";
import { kernelFolder, MANIFEST } from "../host/kernels";
import { KernelVm } from "./kernel-vm";
import { thisMachine } from "../host/machine";
import { Program, type Result } from "../agent/program";
import { QEMU, startGuest, type Guest } from "../host/qemu";
import { Tracer } from "../trace/trace";
import { pack } from "../uapi/uapi";

const NR = { open: 2, close: 3, mmap: 9, ioctl: 16, madvise: 28, mkdir: 83, mount: 165 } as const;
const [CREATE_VM, CREATE_VCPU, CREATE_IRQCHIP, ENABLE_CAP, SET_MSRS] = [0xae01, 0xae41, 0xae60, 0x4068aea3, 0x4008ae89];
const SET_MEMORY = 0x4020ae46;
const DONTNEED = 4;
const SYNIC2 = 148;
const SINT0 = 0x40000090;
const AT = 0x1_0000_0000;
const [KVM, VM, VCPU, OTHER_VCPU] = [1, 2, 3, 4];

const inGuest = needs("linux-x64", "gcc", QEMU, join(kernelFolder("6.12", thisMachine()), MANIFEST));

jest.setTimeout(300_000);

let guest: Guest;
let kernel: Kernel;
let tracer: Tracer;

const run = (program: Program): Promise<readonly Result[]> => guest.agent.run(program);
const mounted = (program: Program, kind: string, at: string): Program =>
  program
    .poke(AT, Buffer.from(`${at}\0`))
    .poke(AT + 64, Buffer.from(`${kind}\0`))
    .syscall(NR.mkdir, [AT, 0o755])
    .syscall(NR.mount, [AT + 64, AT, AT + 64, 0, 0]);

beforeAll(async () => {
  if (inGuest !== test) return;
  guest = await startGuest({ parameters: "avic=1 force_avic=1" });
  const map = new Program().syscall(NR.mmap, [AT, 0x10000, 3, 0x32, -1, 0]);
  await run(mounted(mounted(map, "proc", "/proc"), "sysfs", "/sys"));
  await run(new Program().poke(AT, Buffer.from("/dev/kvm\0")).syscall(NR.open, [AT, 2], KVM));
  kernel = await Kernel.of(guest.agent);
  tracer = await Tracer.of(kernel);
});

afterAll(async () => {
  if (inGuest === test) await guest.agent.end();
});

afterEach(() => jest.restoreAllMocks());

/** A VM with vCPUs 0 and 5, of which the first has a SynIC. */
async function opened(): Promise<KernelVm> {
  const results = await run(
    new Program()
      .syscall(NR.ioctl, [{ slot: KVM }, CREATE_VM, 0], VM)
      .syscall(NR.ioctl, [{ slot: VM }, CREATE_IRQCHIP, 0])
      .syscall(NR.ioctl, [{ slot: VM }, CREATE_VCPU, 0], VCPU)
      .syscall(NR.ioctl, [{ slot: VM }, CREATE_VCPU, 5], OTHER_VCPU)
      .poke(AT, pack("kvm_enable_cap", { cap: SYNIC2 }))
      .syscall(NR.ioctl, [{ slot: VCPU }, ENABLE_CAP, AT]),
  );
  expect(results.every((result) => (result as bigint) >= 0n)).toBe(true);
  return KernelVm.of(kernel, { slot: VM });
}

async function closed(): Promise<void> {
  await run([VCPU, OTHER_VCPU, VM].reduce((program, slot) => program.syscall(NR.close, [{ slot }]), new Program()));
}

/** Vector 0x50, AutoEOI. */
const autoEoi = (): Program =>
  new Program()
    .poke(AT, pack("kvm_msrs", { nmsrs: 1, "entries[0].index": SINT0, "entries[0].data": 0x20050 }))
    .syscall(NR.ioctl, [{ slot: VCPU }, SET_MSRS, AT]);

inGuest("what is in a VM is read from the kernel's memory", async () => {
  const vm = await opened();
  const before = await vm.look();
  expect(await KVM_READS["vm.vcpu_array.*"]?.(before)).toEqual({ 0: 0, 1: 5, 2: -1 });
  expect(await KVM_READS["vm.irqchip_mode"]?.(before)).toBe("kernel");
  expect(await KVM_READS["apicv.inhibits"]?.(before)).toEqual([]);
  expect(await AVIC_READS["avic.physical.*.owner"]?.(before)).toMatchObject({ 0: 0, 1: "none", 5: 5 });
  expect(await AVIC_READS["avic.physical.*.valid"]?.(before)).toMatchObject({ 0: true, 1: false, 5: true });
  expect(await AVIC_READS["vcpu.*.vmcb.avic_enable"]?.(before)).toEqual({ 0: true, 5: true });
  expect(await run(autoEoi())).toEqual([1n]);
  const after = await vm.look();
  expect(await KVM_READS["apicv.inhibits"]?.(after)).toEqual(["HYPERV"]);
  expect(await HYPERV_READS["synic.auto_eoi_vcpus"]?.(after)).toBe(1);
  expect(await HYPERV_READS["vcpu.*.synic.auto_eoi"]?.(after)).toEqual({ 0: [0x50], 5: [] });
  expect(await KVM_READS["vcpu.*.request.*"]?.(after)).toMatchObject({ "0.APICV_UPDATE": true, "5.APICV_UPDATE": true });
  await closed();
});

inGuest("a VM that has gone is not read", async () => {
  const vm = await opened();
  await closed();
  await expect(vm.look()).rejects.toThrow("has gone");
});

inGuest("a wrong offset is found", async () => {
  const vm = await opened();
  const types = kernel.types("kvm");
  const right = types.memberOf.bind(types);
  jest.spyOn(types, "memberOf").mockImplementation((type: number, path: string): ReturnType<Btf["memberOf"]> => {
    const member = right(type, path);
    return path === "vcpu_array.xa_head" ? { ...member, offset: member.offset + 64 } : member;
  });
  // What lies there is the number of vCPUs, and no pointer.
  await expect((await vm.look()).vcpus()).rejects.toThrow("there is no kernel memory at 0x0");
  await closed();
});

inGuest("the kernel's events come in their order, and nothing of what it counted is missing", async () => {
  const vm = await opened();
  const events = await KernelEvents.of(kernel, tracer, vm);
  await events.start();
  await run(autoEoi());
  const { events: all, reports } = await events.stop(() => "P0");
  expect(reports).toEqual([]);
  const told = all.map(({ event }) => event);
  const wanted = [
    "lock.vcpu_mutex.taken",
    "srcu.kvm_srcu.entered",
    "lock.apicv_update_lock.taken",
    "vcpu.0.request.APICV_UPDATE.made",
    "vcpu.5.request.APICV_UPDATE.made",
    "apicv.inhibits.stored",
    "lock.apicv_update_lock.released",
    "vcpu.0.request.SCAN_IOAPIC.made",
    "lock.vcpu_mutex.released",
  ];
  expect(told.filter((event) => wanted.includes(event) && event !== "srcu.kvm_srcu.entered")).toEqual(
    wanted.filter((event) => event !== "srcu.kvm_srcu.entered"),
  );
  await events.close();
  await closed();
});

inGuest("what the MMU notifier takes is known to be taken in a callback", async () => {
  const vm = await opened();
  const region = { slot: 1, guest_phys_addr: 0, memory_size: 0x1000, userspace_addr: AT + 0x4000 };
  const slot = new Program().poke(AT, pack("kvm_userspace_memory_region", region)).syscall(NR.ioctl, [{ slot: VM }, SET_MEMORY, AT]);
  expect(await run(slot)).toEqual([0n]);
  await tracer.start();
  await run(new Program().syscall(NR.madvise, [AT + 0x4000, 0x1000, DONTNEED]));
  const names = (await tracer.stop()).map(({ name }) => name).filter((name) => /^notifier|^spin_lock/.test(name));
  // Once for this VM, and once for each that the guest keeps (keeper.ts).
  const three = (...each: string[]): string[] => [...each, ...each, ...each];
  expect(names.filter((name) => name !== "spin_lock")).toEqual([
    ...three("notifier_start", "notifier_start_end"),
    ...three("notifier_end", "notifier_end_end"),
  ]);
  expect(names.slice(0, 2)).toEqual(["notifier_start", "spin_lock"]);
  expect((await (await vm.look()).vcpus()).map(({ id }) => id)).toEqual([0, 5]);
  await closed();
});

inGuest("a line that is dropped on its way is found, whatever it tells", async () => {
  const vm = await opened();
  const events = await KernelEvents.of(kernel, tracer, vm);
  await events.start();
  await run(autoEoi());
  const { files } = kernel;
  const right = files.rest.bind(files);
  jest.spyOn(files, "rest").mockImplementation(async (fd) => {
    const text = (await right(fd)).toString("latin1");
    return Buffer.from(text.replace(/^.*: flush_remote_tlbs: .*\n|^.*: watched: .*\n/m, ""), "latin1");
  });
  await expect(events.stop(() => undefined)).rejects.toThrow(/\d+ events were written, and \d+ lines of them read/);
  await events.close();
  await closed();
});

/** The VM and its vCPUs: creation, ids, limits, interrupt controllers. */
import type { Value } from "../../../spec/generated/types";
import type { Args, Chapter, MakeCall } from "./calls";
import { hex, u64 } from "./calls";
import { command, type Command, type Ended } from "./guest";
import { CAP, IOCTL, SYS } from "../uapi/ioctl";
import { GUEST, PAGE, RUN_PAGES } from "./memory";
import { errnoOf, okOf, type From, type Script } from "./script";
import { bytesOf, field, STRUCTS } from "../uapi/uapi";
import type { World } from "./world";

/** An ioctl that takes a number, or nothing. */
function onVm(request: number, argument: (args: Args) => bigint = () => 0n): MakeCall {
  return (script, world, args) => {
    const returned = script.ioctl(world.vm, request, argument(args));
    return (results) => okOf(returned(results));
  };
}

/** KVM_CREATE_VCPU; who succeeds is known by its file descriptor from then on. */
const createVcpu: MakeCall = (script, world, { id }) => {
  if (world.racing) {
    const fd = world.slot();
    const returned = script.ioctl(world.vm, IOCTL.CREATE_VCPU, u64(id), fd.slot);
    world.created(Number(u64(id)), fd, script === world.opening);
    return (results) => okOf(returned(results));
  }
  const returned = script.ioctl(world.vm, IOCTL.CREATE_VCPU, u64(id));
  return (results) => {
    const fd = returned(results);
    if (fd >= 0n) world.created(Number(u64(id)), Number(fd));
    return okOf(fd);
  };
};

/** The last reference goes with the page that KVM_RUN shares. */
const closeVcpu: MakeCall = (script, world, { vcpu: id }) => {
  const vcpu = world.vcpu(id);
  if (vcpu === undefined) return () => "EBADF";
  if (vcpu.place !== undefined) script.syscall(SYS.munmap, [RUN_PAGES.at + vcpu.place * PAGE, PAGE]);
  const returned = script.syscall(SYS.close, [vcpu.fd]);
  world.closed(vcpu);
  return (results) => okOf(returned(results));
};

/** KVM_ENABLE_CAP on a VM or a vCPU. */
export function enableCap(fdOf: (world: World, args: Args) => ReturnType<World["fdOf"]>): MakeCall {
  return (script, world, args) => {
    const { cap, value = 0, flags = 0 } = args;
    const what = { cap: CAP[cap as keyof typeof CAP], flags: u64(flags), "args[0]": u64(value) };
    const returned = script.ioctl(fdOf(world, args), IOCTL.ENABLE_CAP, world.place(script, "kvm_enable_cap", what));
    return (results) => okOf(returned(results));
  };
}

const checkExtension: MakeCall = (script, world, { cap }) => {
  const returned = script.ioctl(world.vm, IOCTL.CHECK_EXTENSION, CAP[cap as keyof typeof CAP]);
  return (results) => errnoOf(returned(results)) ?? Number(returned(results));
};

/** KVM_SET_MSRS or KVM_GET_MSRS with one entry: how many were done. */
function oneMsr(script: Script, world: World, request: number, { vcpu, msr, value = 0 }: Args) {
  const at = world.place(script, "kvm_msrs", { nmsrs: 1, "entries[0].index": u64(msr), "entries[0].data": u64(value) });
  return { at, done: script.ioctl(world.fdOf(vcpu), request, at) };
}

const setMsrs: MakeCall = (script, world, args) => {
  const { done } = oneMsr(script, world, IOCTL.SET_MSRS, args);
  return (results) => errnoOf(done(results)) ?? Number(done(results));
};

const getMsrs: MakeCall = (script, world, args) => {
  const { at, done } = oneMsr(script, world, IOCTL.GET_MSRS, args);
  const got = script.peek(at, STRUCTS.kvm_msrs.size);
  return (results) => {
    const count = done(results);
    return count === 1n ? hex(field("kvm_msrs", "entries[0].data", got(results))) : (errnoOf(count) ?? Number(count));
  };
};

/** One command of the guest's; `show` says what the call returns if the guest took no fault. */
export function guest(what: (args: Args) => Command, show: (value: bigint) => Value = () => "ok"): MakeCall {
  return (script, world, args) => {
    const came: From<Ended> = command(script, world, args["vcpu"], what(args));
    return (results) => {
      const end = came(results);
      return "failed" in end ? end.failed : show(end.value);
    };
  };
}

/** Guest writes of SCONTROL, SIEFP and SIMP: the VMM is told of them. */
const TOLD = new Set([0x40000080n, 0x40000082n, 0x40000083n]);

/** KVM_SET_USER_MEMORY_REGION: the memory behind a guest address is always the same. */
const setUserMemoryRegion: MakeCall = (script, world, { slot, gpa, size }) => {
  const region = { slot: u64(slot), guest_phys_addr: u64(gpa), memory_size: u64(size), userspace_addr: u64(gpa) + BigInt(GUEST.at) };
  const returned = script.ioctl(world.vm, IOCTL.SET_USER_MEMORY_REGION, world.place(script, "kvm_userspace_memory_region", region));
  world.hasMemory = true;
  return (results) => okOf(returned(results));
};

/** KVM_PRE_FAULT_MEMORY. Memory that nobody has written to is a page of zeros that all share, and that cannot be moved: so it is written to. */
const preFaultMemory: MakeCall = (script, world, { vcpu, gpa }) => {
  const page = Number(u64(gpa) & ~0xfffn);
  if (!world.unmapped.has(page)) script.poke(GUEST.at + page, bytesOf(0, 1));
  const range = world.place(script, "kvm_pre_fault_memory", { gpa: u64(gpa), size: PAGE });
  const returned = script.ioctl(world.fdOf(vcpu), IOCTL.PRE_FAULT_MEMORY, range);
  return (results) => okOf(returned(results));
};

export const vmChapter: Chapter = {
  feature: "vcpu",
  calls: {
    "vm.enable_cap": enableCap((world) => world.vm),
    "vm.create_vcpu": createVcpu,
    "vm.check_extension": checkExtension,
    "vm.set_boot_cpu_id": onVm(IOCTL.SET_BOOT_CPU_ID, ({ id }) => u64(id)),
    "vm.create_irqchip": onVm(IOCTL.CREATE_IRQCHIP),
    "vcpu.close": closeVcpu,
    "vcpu.set_msrs": setMsrs,
    "vcpu.get_msrs": getMsrs,
    "guest.nop": guest(() => ({ what: "nop" })),
  },
  reads: {},
};

export const memslotChapter: Chapter = {
  feature: "memslots",
  calls: { "vm.set_user_memory_region": setUserMemoryRegion },
  reads: {},
};

export const prefaultChapter: Chapter = { feature: "memslots", calls: { "vcpu.pre_fault_memory": preFaultMemory }, reads: {} };

/** What a guest can tell that runs as on hardware. */
export const guestChapter: Chapter = {
  feature: "vcpu",
  calls: {
    "guest.hlt": guest(() => ({ what: "hlt" })),
    "guest.wrmsr": guest(({ msr, value }) => ({ what: "wrmsr", address: Number(u64(msr)), value: u64(value), tells: TOLD.has(u64(msr)) })),
    "guest.rdmsr": guest(({ msr }) => ({ what: "rdmsr", address: Number(u64(msr)) }), hex),
  },
  reads: {},
};

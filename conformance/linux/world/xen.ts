/** Xen: attributes, event channels, and what a VMM does that shares the guest's memory. */
import type { Given, Value } from "../../../spec/generated/types";
import { clearBit, setBit } from "./atomic";
import { hex, u64, type Args, type Chapter, type MakeCall } from "./calls";
import {
  EFD_CLOEXEC,
  IOCTL,
  IRQFD_DEASSIGN,
  O_CLOEXEC,
  ROUTE_XEN_EVTCHN,
  SYS,
  XEN_ATTR,
  XEN_EVTCHN_2LEVEL,
  XEN_HVM_CONFIG,
  XEN_VCPU_ATTR,
} from "../uapi/ioctl";
import { GUEST } from "./memory";
import { errnoOf, okOf, type From, type Script } from "./script";
import { bytesOf, field, STRUCTS, unsigned } from "../uapi/uapi";
import type { World } from "./world";
import {
  addsUp,
  defaultSelectors,
  inRunstate,
  layoutOf,
  lookAtRunstate,
  pendingWords,
  portBit,
  RUNSTATE,
  selectors,
  SHARED_INFO,
  upcalls,
  VCPU_INFO,
} from "./xen-areas";

/** Memory slot 0 of a world with Xen. */
const SLOT_BYTES = 0x100000;
/** By writing here a guest would ask for its hypercall page. Without one KVM keeps no account of runstates. */
const HYPERCALL_MSR = 0x40000000;
const NOWHERE = 2n ** 64n - 1n;
const GSI = 24;

type Attr = keyof typeof XEN_ATTR;
type VcpuAttr = keyof typeof XEN_VCPU_ATTR;
/** Configures Xen and registers the areas that are given. */
export function giveXen(world: World, xen: NonNullable<Given["xen"]>): void {
  const { opening: script, vm } = world;
  const region = { slot: 0, memory_size: SLOT_BYTES, userspace_addr: GUEST.at };
  world.must("memory slot 0", script.ioctl(vm, IOCTL.SET_USER_MEMORY_REGION, world.place(script, "kvm_userspace_memory_region", region)));
  world.hasMemory = true;
  const config = { flags: XEN_HVM_CONFIG.INTERCEPT_HCALL | XEN_HVM_CONFIG.EVTCHN_SEND, msr: HYPERCALL_MSR };
  world.must("KVM_XEN_HVM_CONFIG", script.ioctl(vm, IOCTL.XEN_HVM_CONFIG, world.place(script, "kvm_xen_hvm_config", config)));
  const hvm = (type: Attr, value: number): void => world.must(`Xen's ${type}`, setHvmAttr(script, world, type, BigInt(value)));
  const vcpu = (id: number, type: VcpuAttr, value: number): void =>
    world.must(`Xen's ${type} of vCPU ${id}`, setVcpuAttr(script, world, { vcpu: id, type, value }));
  const { long_mode: longMode, shared_info: sharedInfo, upcall_vector: vector, runstate_update_flag: updateFlag } = xen;
  if (longMode === true) hvm("LONG_MODE", 1);
  if (updateFlag === true) hvm("RUNSTATE_UPDATE_FLAG", 1);
  if (sharedInfo === true) hvm("SHARED_INFO", SHARED_INFO >> 12);
  if (vector !== undefined) hvm("UPCALL_VECTOR", vector);
  for (const id of xen.vcpu_info ?? []) vcpu(id, "VCPU_INFO", VCPU_INFO + (id << 12));
  for (const id of xen.runstate ?? []) vcpu(id, "RUNSTATE_ADDR", RUNSTATE + (id << 12));
}

/** KVM_XEN_HVM_SET_ATTR. */
function setHvmAttr(script: Script, world: World, type: Attr, value: bigint): From<bigint> {
  const at = world.place(script, "kvm_xen_hvm_attr", { type: XEN_ATTR[type], ...hvmValue(type, value) });
  const returned = script.ioctl(world.vm, IOCTL.XEN_HVM_SET_ATTR, at);
  const { xen } = world;
  if (type === "LONG_MODE") return world.knows(script, returned, () => (xen.longMode = value !== 0n));
  if (type === "SHARED_INFO") return world.knows(script, returned, () => (xen.sharedInfo = addressOf(value, 12n)));
  return returned;
}

function hvmValue(type: Attr, value: bigint) {
  if (type === "SHARED_INFO") return { "u.shared_info.gfn": value };
  if (type === "UPCALL_VECTOR") return { "u.vector": value };
  return type === "LONG_MODE" ? { "u.long_mode": value } : { "u.runstate_update_flag": value };
}

function addressOf(value: bigint, shift = 0n): number | undefined {
  return value === NOWHERE ? undefined : Number(value << shift);
}

/** KVM_XEN_VCPU_SET_ATTR. */
function setVcpuAttr(script: Script, world: World, { vcpu, type, value = 0, ...data }: Args): From<bigint> {
  const which = type as VcpuAttr;
  const at = world.place(script, "kvm_xen_vcpu_attr", { type: XEN_VCPU_ATTR[which], ...vcpuValue(which, u64(value), data) });
  const returned = script.ioctl(world.fdOf(vcpu), IOCTL.XEN_VCPU_SET_ATTR, at);
  if (which !== "VCPU_INFO" && which !== "RUNSTATE_ADDR") return returned;
  const areas = which === "VCPU_INFO" ? world.xen.vcpuInfo : world.xen.runstate;
  const gpa = addressOf(u64(value));
  return world.knows(script, returned, () => areas.set(Number(vcpu), gpa));
}

function vcpuValue(type: VcpuAttr, value: bigint, { state = 0, entry_time: entry = 0, times = [0, 0, 0, 0] }: Args) {
  if (type === "VCPU_INFO" || type === "RUNSTATE_ADDR") return { "u.gpa": value };
  if (type === "UPCALL_VECTOR") return { "u.vector": value };
  if (type === "RUNSTATE_CURRENT") return { "u.runstate.state": value };
  const [running = 0n, runnable = 0n, blocked = 0n, offline = 0n] = (times as unknown[]).map(u64);
  return {
    "u.runstate.state": u64(state),
    "u.runstate.state_entry_time": u64(entry),
    "u.runstate.time_running": running,
    "u.runstate.time_runnable": runnable,
    "u.runstate.time_blocked": blocked,
    "u.runstate.time_offline": offline,
  };
}

const getVcpuAttr: MakeCall = (script, world, { vcpu, type }) => {
  const which = type as VcpuAttr;
  const at = world.place(script, "kvm_xen_vcpu_attr", { type: XEN_VCPU_ATTR[which] });
  const returned = script.ioctl(world.fdOf(vcpu), IOCTL.XEN_VCPU_GET_ATTR, at);
  const bytes = script.peek(at, STRUCTS.kvm_xen_vcpu_attr.size);
  return (results) => errnoOf(returned(results)) ?? vcpuAttrIn(which, bytes(results));
};

function vcpuAttrIn(type: VcpuAttr, bytes: Uint8Array): Value {
  const get = (name: Parameters<typeof field<"kvm_xen_vcpu_attr">>[1]): bigint => field("kvm_xen_vcpu_attr", name, bytes);
  if (type === "UPCALL_VECTOR") return Number(get("u.vector"));
  if (type === "RUNSTATE_CURRENT") return Number(get("u.runstate.state"));
  if (type !== "RUNSTATE_DATA") return hex(get("u.gpa"));
  const times = (["running", "runnable", "blocked", "offline"] as const).map((name) => hex(get(`u.runstate.time_${name}`)));
  return [Number(get("u.runstate.state")), hex(get("u.runstate.state_entry_time")), ...times];
}

const evtchnSend: MakeCall = (script, world, { port, vcpu }) => {
  const event = { port: u64(port), vcpu: u64(vcpu), priority: XEN_EVTCHN_2LEVEL };
  const returned = script.ioctl(world.vm, IOCTL.XEN_HVM_EVTCHN_SEND, world.place(script, "kvm_irq_routing_xen_evtchn", event));
  return (results) => okOf(returned(results));
};

/** An eventfd is made, routed, written to and taken back: KVM waits for the work item before it lets go of one. */
const evtchnIrqfd: MakeCall = (script, world, { port, vcpu }) => {
  const routing = world.place(script, "kvm_irq_routing", {
    nr: 1,
    "entries[0].gsi": GSI,
    "entries[0].type": ROUTE_XEN_EVTCHN,
    "entries[0].u.xen_evtchn.port": u64(port),
    "entries[0].u.xen_evtchn.vcpu": u64(vcpu),
    "entries[0].u.xen_evtchn.priority": XEN_EVTCHN_2LEVEL,
  });
  const one = world.room(8);
  script.poke(one, bytesOf(1, 8));
  // Its number stands in a structure, so it must be one that is known beforehand.
  const made = world.slot();
  const fd = world.fixedFd();
  const steps = [
    script.syscall(SYS.eventfd2, [0, EFD_CLOEXEC], made.slot),
    script.syscall(SYS.dup3, [made, fd, O_CLOEXEC]),
    script.syscall(SYS.close, [made]),
    script.ioctl(world.vm, IOCTL.SET_GSI_ROUTING, routing),
    script.ioctl(world.vm, IOCTL.IRQFD, world.place(script, "kvm_irqfd", { fd, gsi: GSI })),
    script.syscall(SYS.write, [fd, one, 8]),
    script.ioctl(world.vm, IOCTL.IRQFD, world.place(script, "kvm_irqfd", { fd, gsi: GSI, flags: IRQFD_DEASSIGN })),
    script.syscall(SYS.close, [fd]),
  ];
  return (results) => steps.map((returned) => errnoOf(returned(results))).find((errno) => errno !== undefined) ?? "ok";
};

/** A change of a port's mask, as a guest makes it. */
function changeMask(change: typeof setBit): MakeCall {
  return (script, world, { port }) => {
    const mask = portBit(world, "mask", Number(u64(port)));
    if (mask === undefined) return () => "ENOENT";
    change(script, mask.address, mask.bit);
    return () => "ok";
  };
}

const unmask: MakeCall = (script, world, { port }) => {
  const pending = portBit(world, "pending", Number(u64(port)));
  if (pending === undefined) return () => "ENOENT";
  changeMask(clearBit)(script, world, { port });
  const byte = script.peek(pending.address, 1);
  return (results) => ((unsigned(byte(results), 0, 1) >> BigInt(pending.bit)) & 1n ? "pending" : "idle");
};

const takeUpcall: MakeCall = (script, world, { vcpu }) => {
  const at = world.xen.vcpuInfo.get(Number(vcpu));
  if (at === undefined) return () => "ENOENT";
  if (world.racing) throw new Error("an upcall cannot be taken while others race: the agent has no atomic exchange");
  const { selector, word } = layoutOf(world);
  script.poke(GUEST.at + at, bytesOf(0, 1));
  const selected = script.peek(GUEST.at + at + selector, word);
  script.poke(GUEST.at + at + selector, bytesOf(0, word));
  return (results) => hex(unsigned(selected(results), 0, word));
};

/** Reads a runstate that others write: the entry time first and last, the times between. */
const readRunstate: MakeCall = (script, world, { vcpu }) => {
  const at = world.xen.runstate.get(Number(vcpu));
  const layout = layoutOf(world);
  const before = lookAtRunstate(script, at, layout);
  const after = lookAtRunstate(script, at, layout);
  return (results) => {
    const [first, last] = [before(results), after(results)];
    if (first === undefined || last === undefined) return "ENOENT";
    if (first.updating || last.updating || first.entryTime !== last.entryTime) return "EAGAIN";
    return addsUp(first) ? "whole" : "torn";
  };
};

export const xenEventChapter: Chapter = {
  feature: "xen.evtchn",
  calls: {
    "xen.hvm_set_attr": (script, world, { type, value }) => {
      const returned = setHvmAttr(script, world, type as Attr, u64(value));
      return (results) => okOf(returned(results));
    },
    "xen.vcpu_set_attr": (script, world, args) => {
      const returned = setVcpuAttr(script, world, args);
      return (results) => okOf(returned(results));
    },
    "xen.vcpu_get_attr": getVcpuAttr,
    "xen.evtchn_send": evtchnSend,
    "xen.evtchn_irqfd": evtchnIrqfd,
    "vmm.xen_mask": changeMask(setBit),
    "vmm.xen_unmask": unmask,
    "vmm.xen_take_upcall": takeUpcall,
  },
  reads: {
    "xen.shared_info.pending.*": pendingWords,
    "xen.shared_info.vcpu_info.*.pending_sel": defaultSelectors,
    "xen.vcpu.*.pending_sel": selectors,
    "xen.vcpu.*.upcall_pending": upcalls,
  },
};

export const xenRunstateChapter: Chapter = {
  feature: "xen.runstate",
  calls: { "vmm.xen_read_runstate": readRunstate },
  reads: {
    "xen.vcpu.*.runstate.state": inRunstate(({ state }) => state, "none"),
    "xen.vcpu.*.runstate.updating": inRunstate(({ updating }) => updating, false),
    "xen.vcpu.*.runstate.entry_time": inRunstate(({ entryTime }) => hex(entryTime), "none"),
    "xen.vcpu.*.runstate.adds_up": inRunstate(addsUp, true),
  },
};

/** The local APIC, as KVM_GET_LAPIC shows it and as the guest finds it; and what makes KVM give up virtualizing it. */
import { hex, perVcpu, u64, type Chapter, type MakeCall, type TakeRead } from "./calls";
import { GUESTDBG, IOCTL } from "../uapi/ioctl";
import { errnoOf, okOf, type From, type Script } from "./script";
import { bytesOf, STRUCTS, unsigned } from "../uapi/uapi";
import { guest } from "./vm";
import type { World } from "./world";

const APIC_BASE = 0xfee00000;
const REGISTERS: Readonly<Record<string, number>> = { LDR: 0xd0, DFR: 0xe0 };
/** Eight words of 32 vectors, each at the beginning of 16 bytes. */
const IRR = 0x200;
const [ICR_LOW, ICR_HIGH] = [0x300, 0x310];
const LOGICAL = 1n << 11n;

function getLapic(script: Script, world: World, id: unknown) {
  const at = world.room(STRUCTS.kvm_lapic_state.size);
  return { at, returned: script.ioctl(world.fdOf(id), IOCTL.GET_LAPIC, at) };
}

/** Something of each vCPU's APIC, as bytes; nothing if there is no APIC in the kernel. */
function inLapic<T extends string | number[]>(offset: number, size: number, show: (bytes: Uint8Array) => T, none: T): TakeRead {
  return perVcpu((script, world, id) => {
    const { at, returned } = getLapic(script, world, id);
    const bytes = script.peek(at + offset, size);
    return (results) => (errnoOf(returned(results)) === undefined ? show(bytes(results)) : none);
  });
}

/** As it is written in cases: eight digits. */
function register(name: string): TakeRead {
  return inLapic(REGISTERS[name] ?? 0, 4, (bytes) => `0x${unsigned(bytes, 0, 4).toString(16).padStart(8, "0")}`, hex(0n));
}

function vectorsIn(bytes: Uint8Array): number[] {
  return Array.from({ length: 256 }, (_, vector) => vector).filter(
    (vector) => (unsigned(bytes, (vector >> 5) * 16, 4) >> BigInt(vector & 31)) & 1n,
  );
}

const setLapic: MakeCall = (script, world, { vcpu, reg, value }) => {
  const { at, returned: got } = getLapic(script, world, vcpu);
  script.poke(at + (REGISTERS[String(reg)] ?? 0), bytesOf(u64(value), 4));
  const returned = script.ioctl(world.fdOf(vcpu), IOCTL.SET_LAPIC, at);
  return (results) => errnoOf(got(results)) ?? okOf(returned(results));
};

const setGuestDebug: MakeCall = (script, world, { vcpu, block_irq: blockIrq }) => {
  const control = blockIrq === true ? GUESTDBG.ENABLE | GUESTDBG.BLOCKIRQ : 0;
  const returned = script.ioctl(world.fdOf(vcpu), IOCTL.SET_GUEST_DEBUG, world.place(script, "kvm_guest_debug", { control }));
  return (results) => okOf(returned(results));
};

const createPit2: MakeCall = (script, world) => {
  const returned = script.ioctl(world.vm, IOCTL.CREATE_PIT2, world.place(script, "kvm_pit_config", {}));
  return (results) => okOf(returned(results));
};

const writeRegister = guest(({ reg, value }) => ({ what: "store", address: APIC_BASE + (REGISTERS[String(reg)] ?? 0), value: u64(value) }));

const sendIpi: MakeCall = (script, world, args) => {
  const { vcpu, dest, mode, vector } = args;
  const high = guest(() => ({ what: "store", address: APIC_BASE + ICR_HIGH, value: u64(dest) << 24n }))(script, world, { vcpu });
  const order = u64(vector) | (mode === "logical" ? LOGICAL : 0n);
  const low: From<unknown> = guest(() => ({ what: "store", address: APIC_BASE + ICR_LOW, value: order }))(script, world, { vcpu });
  return (results) => {
    const first = high(results);
    return first === "ok" ? (low(results) as string) : first;
  };
};

/** What userspace can do and see. */
export const apicChapter: Chapter = {
  feature: "apicv",
  calls: { "vcpu.set_lapic": setLapic, "vcpu.set_guest_debug": setGuestDebug, "vm.create_pit2": createPit2 },
  reads: {
    "vcpu.*.ldr": register("LDR"),
    "vcpu.*.dfr": register("DFR"),
    "vcpu.*.irr": inLapic(IRR, 128, vectorsIn, []),
  },
};

/** What only a guest can tell whose APIC is what it should be. */
export const apicGuestChapter: Chapter = {
  feature: "apicv",
  calls: { "guest.apic_write": writeRegister, "guest.send_ipi": sendIpi },
  reads: {},
};

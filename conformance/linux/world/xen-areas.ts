/**
 * The areas that a Xen guest shares with KVM, where they lie in guest memory, and what is in them.
 * Source: the Xen guest ABI, in both layouts.
 */
import type { Value } from "../../../spec/generated/types";
import { hex, type TakeRead } from "./calls";
import { GUEST } from "./memory";
import type { From, Script } from "./script";
import { unsigned } from "../uapi/uapi";
import type { World } from "./world";

/** The places that `given` speaks of. */
export const SHARED_INFO = 0x10000;
export const VCPU_INFO = 0x20000;
export const RUNSTATE = 0x30000;

/** vcpu_infos that have a default place in the shared_info page, and the size of one. */
const DEFAULT_PLACES = 32;
const VCPU_INFO_BYTES = 64;

const EVENTS = 0x800;

/** The flag in the last byte of an entry time: it is being updated. */
const UPDATING = 1n << 63n;

/** Offsets, and the size of a word, in the layout of a 32-bit or a 64-bit guest. */
interface Layout {
  readonly word: 4 | 8;
  /** Of the selector in a vcpu_info. */
  readonly selector: number;
  /** Of the entry time in a runstate; four times follow it. */
  readonly entry: number;
  readonly runstateBytes: number;
}

const COMPAT: Layout = { word: 4, selector: 4, entry: 4, runstateBytes: 44 };
const NATIVE: Layout = { word: 8, selector: 8, entry: 8, runstateBytes: 48 };

export function layoutOf({ xen }: World): Layout {
  return xen.longMode ? NATIVE : COMPAT;
}

/** Where the bit of a port is among the pending or the mask bits. */
export interface PortBit {
  readonly address: number;
  readonly bit: number;
}

/** The byte of a port's pending or mask bit; undefined if there is no shared_info. */
export function portBit(world: World, which: "pending" | "mask", port: number): PortBit | undefined {
  const { sharedInfo } = world.xen;
  if (sharedInfo === undefined) return undefined;
  const { word } = layoutOf(world);
  const masks = which === "mask" ? word * word * 8 : 0;
  return { address: GUEST.at + sharedInfo + EVENTS + masks + Math.floor(port / 8), bit: port % 8 };
}

/** A number in guest memory; `none` if it is nowhere. */
function look(script: Script, gpa: number | undefined, size: number): From<bigint | undefined> {
  if (gpa === undefined) return () => undefined;
  const bytes = script.peek(GUEST.at + gpa, size);
  return (results) => unsigned(bytes(results), 0, size);
}

function shown(number: From<bigint | undefined>): From<Value> {
  return (results) => {
    const value = number(results);
    return value === undefined ? "none" : hex(value);
  };
}

/** For each number below `count`. */
function each(count: number, show: (n: number) => From<Value>): From<Record<string, Value>> {
  const values = Array.from({ length: count }, (_, n) => show(n));
  return (results) => Object.fromEntries(values.map((value, n) => [n, value(results)]));
}

export const pendingWords: TakeRead = (script, world) => {
  const { sharedInfo } = world.xen;
  const { word } = layoutOf(world);
  return each(8 * word, (n) => shown(look(script, sharedInfo === undefined ? undefined : sharedInfo + EVENTS + n * word, word)));
};

export const defaultSelectors: TakeRead = (script, world) => {
  const { sharedInfo } = world.xen;
  const { selector, word } = layoutOf(world);
  const place = (n: number) => (sharedInfo === undefined ? undefined : sharedInfo + n * VCPU_INFO_BYTES + selector);
  return each(DEFAULT_PLACES, (n) => shown(look(script, place(n), word)));
};

/** For each vCPU, something in its own area. */
function inArea(which: "vcpuInfo" | "runstate", show: (script: Script, at: number | undefined, layout: Layout) => From<Value>): TakeRead {
  return (script, world) => {
    const values = [...world.vcpus.keys()].map((id) => [id, show(script, world.xen[which].get(id), layoutOf(world))] as const);
    return (results) => Object.fromEntries(values.map(([id, value]) => [id, value(results)]));
  };
}

export const selectors = inArea("vcpuInfo", (script, at, { selector, word }) =>
  shown(look(script, at === undefined ? undefined : at + selector, word)),
);

export const upcalls = inArea("vcpuInfo", (script, at) => shown(look(script, at, 1)));

/** A runstate in guest memory. */
export interface Runstate {
  readonly state: number;
  readonly updating: boolean;
  readonly entryTime: bigint;
  readonly times: readonly bigint[];
}

function runstateIn(bytes: Uint8Array, { entry }: Layout): Runstate {
  const whole = unsigned(bytes, entry, 8);
  return {
    state: Number(unsigned(bytes, 0, 4)),
    updating: (whole & UPDATING) !== 0n,
    entryTime: whole & ~UPDATING,
    times: [8, 16, 24, 32].map((offset) => unsigned(bytes, entry + offset, 8)),
  };
}

/** Whether the times of a runstate add up to its entry time. */
export function addsUp({ entryTime, times }: Runstate): boolean {
  return (
    BigInt.asUintN(
      64,
      times.reduce((sum, time) => sum + time, 0n),
    ) === entryTime
  );
}

/** A runstate as one peek finds it; undefined if the vCPU has no area. */
export function lookAtRunstate(script: Script, at: number | undefined, layout: Layout): From<Runstate | undefined> {
  if (at === undefined) return () => undefined;
  const bytes = script.peek(GUEST.at + at, layout.runstateBytes);
  return (results) => runstateIn(bytes(results), layout);
}

export function inRunstate(show: (runstate: Runstate) => Value, none: Value): TakeRead {
  return inArea("runstate", (script, at, layout) => {
    const runstate = lookAtRunstate(script, at, layout);
    return (results) => {
      const seen = runstate(results);
      return seen === undefined ? none : show(seen);
    };
  });
}

/** The reference's only door: the six words of the dialogue, answered in this process. */
import type { FeatureName, Given, HelloReply, Open, Reply, Request, Value } from "../spec/generated/types";
import { apic_api } from "./apic/chapter";
import { hyperv_api } from "./hyperv/chapter";
import { BadFd, kvm_api, once, type Api, type Instance, type Reader } from "./kvm/api";
import type { Kvm } from "./kvm/types";
import { KVM_MAX_VCPUS, KVM_MAX_VCPU_IDS } from "./kvm/vm";
import { Machine } from "./machine";
import { Marks } from "./marks";
import { Origin } from "./origin";
import { svm_api } from "./svm/chapter";
import { nestings } from "./sync/lockdep";
import { tables, type Ops, type Task } from "./task";
import { Threads } from "./threads";
import { vmx_api } from "./vmx/api";
import { xen_api } from "./xen/api";

const APIS: readonly Api[] = [kvm_api, apic_api, vmx_api, svm_api, hyperv_api, xen_api];
const CALLS = Object.assign({}, ...APIS.map((api) => api.calls)) as Api["calls"];
const READS = Object.assign({}, ...APIS.map((api) => api.reads)) as Record<string, Reader>;

/** What of the reference is other than the newest kernel: bugs and older kernels are made of this. */
export interface Variant {
  readonly name: string;
  /** The kernel whose behaviour it claims; none is the newest. */
  readonly kernel?: string;
  /** The features that it lacks, each with the reason. */
  readonly without?: { readonly [F in FeatureName]?: string };
  readonly ops: Ops;
}

/** A door on the reference, and its threads, to be stepped without a message for each step. */
export interface Reference {
  (request: Request): Reply;
  readonly threads: Threads<Machine>;
}

/** Opens a door on the reference, or on a variant of it in which some operations are replaced. honest.ts brings threads that are watched. */
export function reference(variant: Variant = { name: "reference", ops: {} }, threads = new Threads<Machine>()): Reference {
  const plain = tables(variant.ops, false);
  const framed = tables(variant.ops, true);
  const marks = new Marks();
  const worlds = new Worlds();
  let machine: Machine | undefined;
  const world = (): Machine => {
    if (machine === undefined) throw new Error("no world is open");
    return machine;
  };
  const answer = (request: Request): Reply => {
    switch (request.op) {
      case "hello":
        return hello(variant);
      case "open": {
        machine = worlds.open(request, (given, faults) => new Machine(given, request.paths === true ? framed : plain, marks, faults));
        if (request.again === undefined) threads.enter(machine);
        else if (!threads.again(machine, request.again)) return { differs: true };
        return request.again === undefined ? {} : threads.standings();
      }
      case "call": {
        const asked = CALLS[request.do as keyof typeof CALLS];
        if (asked === undefined) return { unsupported: true };
        world();
        return threads.begin(request.thread, request.interrupts, ({ kvm }) => begin(() => asked(kvm, request.args)));
      }
      case "step":
        world();
        return threads.step(request.thread ?? "", request.pick ?? 0);
      case "read":
        return { values: read(world().kvm, request.names) };
      case "close": {
        const nested = machine === undefined ? [] : nestings(machine.kvm.kvm_lock.graph);
        machine = undefined;
        return { marks: marks.take(), nested };
      }
    }
  };
  return Object.assign(answer, { threads });
}

/** One world after the other: one that is given as the last was is that one, put back to where it was when it was built. */
class Worlds {
  private last: { readonly asked: string; readonly machine: Machine; readonly origin: Origin | undefined } | undefined;

  open(request: Open, build: (given: Given, faults?: number) => Machine): Machine {
    const { last } = this;
    const same = last !== undefined && (request.again !== undefined || last.asked === asked(request));
    if (same && last.origin !== undefined) {
      last.origin.restore();
      return last.machine;
    }
    const machine = build(request.given, request.faults?.alloc);
    // Many a world is asked for only once.
    const origin = same ? new Origin([machine.kvm, machine.reports, machine.faults]) : undefined;
    this.last = { asked: asked(request), machine, origin };
    return machine;
  }
}

function asked({ given, faults, paths }: Open): string {
  return JSON.stringify([given, faults, paths]);
}

/** A call on what is not there returns without running any kernel code. */
function begin(call: () => Task<unknown>): Task<unknown> {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof BadFd)) throw error;
    return bad_fd();
  }
}

function* bad_fd(): Task<Value> {
  return "EBADF";
}

function hello({ name, kernel, without = {} }: Variant): HelloReply {
  return {
    protocol: 1,
    name,
    version: "1",
    kind: "model",
    ...(kernel === undefined ? {} : { kernel }),
    control: "step",
    again: true,
    features: APIS.flatMap((api) => api.features).filter((feature) => !(feature in without)),
    absent: { ...without },
    calls: Object.keys(CALLS),
    reads: Object.keys(READS),
    events: APIS.flatMap((api) => api.events ?? []),
    limits: { max_vcpu_id: KVM_MAX_VCPU_IDS, max_vcpus: KVM_MAX_VCPUS },
  };
}

/** A read with `*` gives every instance that there is. */
function read(kvm: Kvm, names: readonly string[]): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const name of names) {
    const { reader, stars, named } = resolve(name);
    for (const each of reader.instances?.(kvm) ?? [stars]) if (is_meant(each, stars)) values[named(each)] = reader.of(kvm, each);
  }
  return values;
}

/** Who answers a read, for which instances, and the name of each. */
interface Resolved {
  readonly reader: Reader;
  readonly stars: Instance;
  readonly named: (instance: Instance) => string;
}

const resolve = once((name: string): Resolved => {
  for (const [pattern, reader] of Object.entries(READS)) {
    const stars = instance_of(pattern, name);
    if (stars !== undefined) return { reader, stars, named: once((instance) => fill(pattern, instance)) };
  }
  throw new Error(`there is no read ${name}`);
});

/** What the `*` of a pattern stand for in a name, which may have `*` there too. */
function instance_of(pattern: string, name: string): string[] | undefined {
  const want = pattern.split(".");
  const have = name.split(".");
  if (want.length !== have.length || want.some((part, i) => part !== "*" && part !== have[i])) return undefined;
  return have.filter((_, i) => want[i] === "*");
}

function is_meant(instance: Instance, stars: Instance): boolean {
  for (let i = 0; i < stars.length; i++) if (stars[i] !== "*" && stars[i] !== instance[i]) return false;
  return true;
}

function fill(pattern: string, instance: readonly string[]): string {
  let i = 0;
  return pattern.replaceAll("*", () => instance[i++] ?? "*");
}

/** The kernel seen from inside: the reads that no system call shows, for each world. */
import type { ReadPattern, Value } from "../../spec/generated/types";
import type { Agent } from "./agent/agent";
import { AVIC_READS } from "./kernel/avic-reads";
import { declaredAs } from "../case/names";
import { byName } from "./world/calls";
import { Kernel } from "./kernel/kernel";
import { KernelEvents } from "./trace/kernel-events";
import { KernelLocks, type Watcher } from "./trace/kernel-locks";
import { HYPERV_READS, KVM_READS, XEN_READS, type KernelRead } from "./kernel/kernel-reads";
import { KernelVm } from "./kernel/kernel-vm";
import type { Probed } from "./probe";
import { Tracer } from "./trace/trace";
import { addressesOf, KERNEL_EVENTS } from "./trace/trace-events";
import type { World } from "./world/world";

/** Memory slots that each world has besides those that a case knows of: the guest's program. */
const OWN_SLOTS = 1;

export class Inside {
  private readonly vms = new WeakMap<World, Promise<KernelVm>>();

  private tracer: Tracer | undefined;

  private constructor(
    private readonly kernel: Kernel,
    private readonly table: ReadonlyMap<ReadPattern, KernelRead>,
    /** The events that can be told. */
    readonly events: readonly string[],
  ) {}

  /** Throws FileError if the kernel does not let us look. */
  static async of(agent: Agent, { features, probes }: Probed): Promise<Inside> {
    const reads = {
      ...KVM_READS,
      ...(features.includes("hyperv.synic") && HYPERV_READS),
      ...(features.includes("xen.evtchn") && XEN_READS),
      ...(features.includes("avic") && AVIC_READS),
      "memslots.generation": ownSlotsOff(KVM_READS["memslots.generation"]),
    };
    const table = new Map(Object.entries(reads) as [ReadPattern, KernelRead][]);
    return new Inside(await Kernel.of(agent), table, probes ? KERNEL_EVENTS : []);
  }

  /** Makes ready to tell of events, where that can be done; it takes a second the first time. */
  async trace(): Promise<void> {
    if (this.events.length > 0) this.tracer ??= await Tracer.of(this.kernel);
  }

  /** Begins to watch a world for its events, or for the order of its locks; after `trace`. */
  async watch(world: World, events: boolean): Promise<Watcher | undefined> {
    if (this.tracer === undefined) return undefined;
    const vm = await this.vm(world);
    if (events) return KernelEvents.of(this.kernel, this.tracer, vm);
    return new KernelLocks(this.tracer, async () => {
      const look = await vm.look();
      return addressesOf(look, await look.vcpus());
    });
  }

  get reads(): readonly ReadPattern[] {
    return [...this.table.keys()];
  }

  /** The values of some reads in a world, by full name; of those that are not taken here there are none. */
  async look(world: World, names: readonly string[]): Promise<Record<string, Value>> {
    const values: Record<string, Value> = {};
    const asked = names.map((name) => ({ name, declared: declaredAs(this.table.keys(), name) as ReadPattern | undefined }));
    if (asked.every(({ declared }) => declared === undefined)) return values;
    const vm = await (await this.vm(world)).look();
    for (const { name, declared } of asked) {
      const read = declared === undefined ? undefined : this.table.get(declared);
      if (declared !== undefined && read !== undefined) Object.assign(values, byName(name, declared, await read(vm)));
    }
    return values;
  }

  private vm(world: World): Promise<KernelVm> {
    let vm = this.vms.get(world);
    if (vm === undefined) this.vms.set(world, (vm = KernelVm.of(this.kernel, world.vm)));
    return vm;
  }
}

/** The generation as if the guest's program had no slot. */
function ownSlotsOff(read: KernelRead | undefined): KernelRead {
  return async (vm) => Number(await read?.(vm)) - OWN_SLOTS;
}

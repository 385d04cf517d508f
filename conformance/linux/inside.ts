/** The kernel seen from inside: the reads that no system call shows, for each world. */
import type { ReadPattern, Value } from "../../spec/generated/types";
import type { Agent } from "./agent";
import { AVIC_READS } from "./avic-reads";
import { declaredAs } from "../case/names";
import { byName } from "./calls";
import { FileError } from "./files";
import { Kernel } from "./kernel";
import { KernelEvents } from "./kernel-events";
import { HYPERV_READS, KVM_READS, XEN_READS, type KernelRead } from "./kernel-reads";
import { KernelVm } from "./kernel-vm";
import type { Probed } from "./probe";
import { Tracer } from "./trace";
import { KERNEL_EVENTS } from "./trace-events";
import type { World } from "./world";

/** Memory slots that each world has besides those that a case knows of: the guest's program. */
const OWN_SLOTS = 1;

export class Inside {
  private readonly vms = new WeakMap<World, Promise<KernelVm>>();

  private constructor(
    private readonly kernel: Kernel,
    /** None if this kernel cannot be traced as it would have to be. */
    private readonly tracer: Tracer | undefined,
    private readonly table: ReadonlyMap<ReadPattern, KernelRead>,
  ) {}

  /** Throws FileError if the kernel does not let us look. */
  static async of(agent: Agent, { features }: Probed): Promise<Inside> {
    const reads = {
      ...KVM_READS,
      ...(features.includes("hyperv.synic") && HYPERV_READS),
      ...(features.includes("xen.evtchn") && XEN_READS),
      ...(features.includes("avic") && AVIC_READS),
      "memslots.generation": ownSlotsOff(KVM_READS["memslots.generation"]),
    };
    const kernel = await Kernel.of(agent);
    return new Inside(kernel, await tracerOf(kernel), new Map(Object.entries(reads) as [ReadPattern, KernelRead][]));
  }

  /** The events that can be told. */
  get events(): readonly string[] {
    return this.tracer === undefined ? [] : KERNEL_EVENTS;
  }

  /** Begins to watch a world for its events. */
  async watch(world: World): Promise<KernelEvents | undefined> {
    return this.tracer === undefined ? undefined : KernelEvents.of(this.kernel, this.tracer, await this.vm(world));
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

/** Undefined where probes lack what they need: they came in Linux 6.9. */
async function tracerOf(kernel: Kernel): Promise<Tracer | undefined> {
  try {
    return await Tracer.of(kernel);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

/** The generation as if the guest's program had no slot. */
function ownSlotsOff(read: KernelRead | undefined): KernelRead {
  return async (vm) => Number(await read?.(vm)) - OWN_SLOTS;
}

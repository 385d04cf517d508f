/** The events of one VM: watched while a call is made, and told in the words of spec/events.yaml. */
import type { EventSeen, Nesting, Report } from "../../../spec/generated/types";
import { compare, countsOf, type Counts } from "./counts";
import type { Kernel } from "../kernel/kernel";
import type { KernelVcpu, KernelVm, KernelVmLook } from "../kernel/kernel-vm";
import type { Watcher } from "./kernel-locks";
import { LockOrder } from "./lock-order";
import type { Tracer } from "./trace";
import { addressesOf, Follower, NOTIFIER } from "./trace-events";
import { TraceLost } from "./trace-lines";
import { Watchpoints, WATCHPOINTS } from "./watchpoints";

export class KernelEvents implements Watcher {
  private readonly follower: Follower;
  private readonly watchpoints: Watchpoints;
  private readonly order = new LockOrder();
  private before: Counts | undefined;

  private constructor(
    kernel: Kernel,
    private readonly tracer: Tracer,
    private readonly vm: KernelVm,
  ) {
    this.watchpoints = new Watchpoints(kernel.files, tracer.cpus);
    this.follower = new Follower((end, length) => kernel.memory.look().bytes(end - BigInt(length), length), tracer.instructions);
  }

  /** Begins to watch a VM as it is now. Throws FileError. */
  static async of(kernel: Kernel, tracer: Tracer, vm: KernelVm): Promise<KernelEvents> {
    const events = new KernelEvents(kernel, tracer, vm);
    const look = await vm.look();
    await events.watch(look, await look.vcpus());
    return events;
  }

  /** Before a call. */
  async start(): Promise<void> {
    const look = await this.vm.look();
    this.before = await countsOf(look, await look.vcpus());
    await this.tracer.start();
  }

  /**
   * After it: what happened, in order, and the locks that should not have nested. What the adapter did to prepare a
   * vCPU is left out of the events.
   * @param threadOf which thread of the dialogue a thread of the kernel's is; undefined for one of the kernel's own
   * @throws TraceLost if something is missing
   */
  async stop(threadOf: (tid: number) => string | undefined): Promise<{ events: EventSeen[]; reports: Report[] }> {
    const told = await this.tracer.stop();
    const look = await this.vm.look();
    const vcpus = await look.vcpus();
    const events = await this.follower.events(told, addressesOf(look, vcpus));
    const all = events.map(({ event }) => event);
    if (this.before !== undefined) compare(all, this.before, await countsOf(look, vcpus));
    await this.watch(look, vcpus);
    const seen = events
      .filter(({ event, prepares }) => !prepares && event !== NOTIFIER.entered && event !== NOTIFIER.left)
      .map(({ event, tid }) => {
        const thread = threadOf(tid);
        return thread === undefined ? { event } : { event, thread };
      });
    return { events: seen, reports: this.order.reports(events) };
  }

  async close(): Promise<{ nested: Nesting[]; reports: Report[] }> {
    await this.watchpoints.clear();
    return { nested: this.order.nested, reports: [] };
  }

  /** Watches what is new of it. */
  private async watch({ kvm }: KernelVmLook, vcpus: readonly KernelVcpu[]): Promise<void> {
    for (const word of [kvm.addressOf("arch.apicv_inhibit_reasons"), ...vcpus.map(({ struct }) => struct.addressOf("requests"))]) {
      if (this.watchpoints.has(word)) continue;
      if (!this.watchpoints.hasRoom())
        throw new TraceLost(`a CPU can watch ${WATCHPOINTS} words, too few for the requests of ${vcpus.length} vCPUs`);
      await this.watchpoints.add(word);
    }
  }
}

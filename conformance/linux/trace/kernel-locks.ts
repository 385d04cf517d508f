/** The order of locks in one VM: recorded in every call. */
import type { EventSeen, Nesting, Report } from "../../../spec/generated/types";
import { LockOrder } from "./lock-order";
import type { Tracer } from "./trace";
import { Follower, type Addresses } from "./trace-events";

/** Who watches a VM while calls are made. */
export interface Watcher {
  /** Before a call of this name. */
  start(name: string): Promise<void>;
  /** After it: what happened, and what of it should not have. */
  stop(threadOf: (tid: number) => string | undefined): Promise<{ events: EventSeen[]; reports: Report[] }>;
  /** Lets go of the VM: which locks were taken inside which, and what of it was not reported before. */
  close(): Promise<{ nested: Nesting[]; reports: Report[] }>;
}

/** So many calls can be made before what they told has to be read, lest it is overwritten. */
const READ_AFTER = 50;
/** Whoever makes the same call thousands of times, to fill a VM, is told the same: so many in one VM are recorded. */
const OF_ONE_NAME = 100;

/** Of a case that claims nothing about events: what is told of locks is read now and then, and not after each call. */
export class KernelLocks implements Watcher {
  private readonly follower = new Follower(() => Promise.reject(new Error("no word is watched")));
  private readonly order = new LockOrder();
  private readonly reports: Report[] = [];
  /** Since what was told was read last; undefined if nothing is written down. */
  private calls: number | undefined;
  private readonly made = new Map<string, number>();

  /** `addresses` looks at the VM as it is by then: what stands for its locks, and for those of its vCPUs. */
  constructor(
    private readonly tracer: Pick<Tracer, "start" | "stop">,
    private readonly addresses: () => Promise<Addresses>,
  ) {}

  async start(name: string): Promise<void> {
    const made = (this.made.get(name) ?? 0) + 1;
    this.made.set(name, made);
    if (made > OF_ONE_NAME) return this.read();
    if (this.calls === undefined) await this.tracer.start();
    this.calls = (this.calls ?? 0) + 1;
  }

  async stop(): Promise<{ events: EventSeen[]; reports: Report[] }> {
    if (this.calls !== undefined && this.calls >= READ_AFTER) await this.read();
    return { events: [], reports: [] };
  }

  async close(): Promise<{ nested: Nesting[]; reports: Report[] }> {
    await this.read();
    return { nested: this.order.nested, reports: this.reports };
  }

  /** Takes over what was written down, and has no more of it written. */
  private async read(): Promise<void> {
    if (this.calls === undefined) return;
    this.calls = undefined;
    const told = await this.tracer.stop();
    this.reports.push(...this.order.reports(await this.follower.events(told, await this.addresses())));
  }
}

/** What the kernel counts and keeps apart from any trace, so that a trace can be held against it. */
import { REQUESTS } from "../kernel/kernel-reads";
import type { KernelVmLook } from "../kernel/kernel-vm";
import { TraceLost } from "./trace-lines";

export interface Counts {
  readonly flushes: bigint;
  readonly swaps: bigint;
  readonly inhibits: bigint;
  /** What each vCPU has to do, by its id. */
  readonly requests: ReadonlyMap<number, bigint>;
}

/** A generation changes by two with each table, one for each address space. */
const STEP = 2n;

export async function countsOf({ kvm }: KernelVmLook, vcpus: Awaited<ReturnType<KernelVmLook["vcpus"]>>): Promise<Counts> {
  const word = async (path: string): Promise<bigint> => (await kvm.number(path)) ?? 0n;
  const requests = new Map<number, bigint>();
  for (const { id, struct } of vcpus) requests.set(id, (await struct.number("requests")) ?? 0n);
  return {
    flushes: await word("stat.generic.remote_tlb_flush_requests"),
    swaps: (await word("memslots[0]->generation")) / STEP,
    inhibits: await word("arch.apicv_inhibit_reasons"),
    requests,
  };
}

/**
 * Holds the events of a call against what it left behind.
 * @throws TraceLost if they cannot be all, or one is there twice
 */
export function compare(events: readonly string[], before: Counts, after: Counts): void {
  const times = (event: string): number => events.filter((each) => each === event).length;
  const exactly = (event: string, count: bigint): void => {
    if (BigInt(times(event)) !== count) throw new TraceLost(`it tells ${times(event)} times of ${event}, and the kernel counted ${count}`);
  };
  const atLeastOnce = (event: string, why: string): void => {
    if (times(event) === 0) throw new TraceLost(`${why}, and it tells nothing of ${event}`);
  };
  exactly("mmu.tlb_flush", after.flushes - before.flushes);
  exactly("memslots.swapped", after.swaps - before.swaps);
  if (after.inhibits !== before.inhibits) atLeastOnce("apicv.inhibits.stored", "the mask has changed");
  for (const [id, old] of before.requests)
    for (const [name, bit] of Object.entries(REQUESTS)) {
      const isNew = (((after.requests.get(id) ?? old) & ~old) >> BigInt(bit)) & 1n;
      if (isNew === 1n) atLeastOnce(`vcpu.${id}.request.${name}.made`, `vCPU ${id} has a new request`);
    }
}

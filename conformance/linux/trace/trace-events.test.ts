import { Follower, type Addresses } from "./trace-events";
import type { Told } from "./trace-lines";

const KVM = 0x1000n;
const VCPU = 0x2000n;
const ADDRESSES: Addresses = {
  kvm: KVM,
  locks: new Map([
    [0x10n, "slots_lock"],
    [0x20n, "mn_invalidate_lock"],
    [0x30n, "kvm_srcu"],
  ]),
  vcpus: new Map([[VCPU, 5]]),
  requests: new Map([[VCPU + 0x38n, 5]]),
  inhibits: 0x40n,
  drained: 0x50n,
};
/** lock bts %rdx,0x38(%rax), and lock orb $0x2,0x3c(%rax). */
const TEXT = new Map([
  [0x100n, Buffer.from("f0480fab5038", "hex")],
  [0x200n, Buffer.from("f080483c02", "hex")],
]);
const GET_SREGS = 0x8138ae83n;

const told = (name: string, fields: Told["fields"] = {}, tid = 1): Told => ({ tid, name, fields });

async function events(lines: readonly Told[], follower = new Follower((end) => Promise.resolve(TEXT.get(end) ?? Buffer.alloc(0)))) {
  const all = await follower.events(lines, ADDRESSES);
  return all.filter(({ prepares }) => !prepares).map(({ event }) => event);
}

test("locks and read sections are told by name, those of others not at all", async () => {
  const seen = await events([
    told("mutex_lock", { lock: 0x10n }),
    told("mutex_lock", { lock: 0x11n }),
    told("srcu_read_lock", { lock: 0x30n }),
    told("srcu_read_unlock", { lock: 0x30n }),
    told("mutex_unlock", { lock: 0x11n }),
    told("mutex_unlock", { lock: 0x10n }),
    told("synchronize_srcu_expedited", { lock: 0x30n }),
  ]);
  expect(seen).toEqual([
    "lock.slots_lock.taken",
    "srcu.kvm_srcu.entered",
    "srcu.kvm_srcu.left",
    "lock.slots_lock.released",
    "srcu.kvm_srcu.synchronize",
  ]);
});

test("a lock that could not be had was not taken", async () => {
  expect(await events([told("mutex_lock_killable", { lock: 0x10n, got: -4n }), told("read_trylock", { lock: 0x10n, got: 0n })])).toEqual(
    [],
  );
  const lines = [told("read_trylock", { lock: 0x10n, got: 1n }), told("read_unlock_irqrestore", { lock: 0x10n })];
  expect(await events(lines)).toEqual(["lock.slots_lock.taken", "lock.slots_lock.released"]);
});

test("a new table is published just before its lock is given back, and only that of the ordinary address space counts", async () => {
  const swap = (space: bigint): Told[] => [
    told("swap_memslots", { kvm: KVM, space }),
    told("spin_lock", { lock: 0x20n }),
    told("spin_unlock", { lock: 0x20n }),
  ];
  const around = ["lock.mn_invalidate_lock.taken", "lock.mn_invalidate_lock.released"];
  expect(await events(swap(0n))).toEqual([around[0], "memslots.swapped", around[1]]);
  expect(await events(swap(1n))).toEqual(around);
  expect(await events([told("flush_remote_tlbs", { kvm: KVM }), told("flush_remote_tlbs", { kvm: KVM + 1n })])).toEqual(["mmu.tlb_flush"]);
});

test("a write to the words of a vCPU is a request made if the instruction sets a bit", async () => {
  const at = VCPU + 0x38n;
  const lines = [
    told("watched", { at, ip: 0x100n, regs12: 33n }),
    told("watched", { at, ip: 0x200n }),
    told("watched", { at, ip: 0x300n }),
    told("watched", { at: 0x40n, ip: 0x300n }),
    told("vcpu_run", { vcpu: VCPU }),
  ];
  const request = "vcpu.5.request.APICV_UPDATE.made";
  expect(await events(lines)).toEqual([request, request, "apicv.inhibits.stored", "vcpu.5.entered"]);
});

test("what the adapter does to prepare a vCPU is nobody's call", async () => {
  const lock = [told("mutex_lock_killable", { lock: 0x10n, got: 0n }), told("mutex_unlock", { lock: 0x10n })];
  expect(await events([told("vcpu_ioctl", { request: GET_SREGS }), ...lock, told("vcpu_ioctl_end", { request: GET_SREGS })])).toEqual([]);
});

describe("a dropped line is found", () => {
  const lines = [
    told("vm_ioctl", { request: 1n }),
    told("mutex_lock", { lock: 0x10n }),
    told("srcu_read_lock", { lock: 0x30n }),
    told("srcu_read_unlock", { lock: 0x30n }),
    told("mutex_unlock", { lock: 0x10n }),
    told("vm_ioctl_end", { request: 1n }),
  ];

  test("nothing is missing of the whole", async () => expect(await events(lines)).toHaveLength(4));

  test.each([0, 1, 2, 3, 4, 5])("number %i", async (i) => {
    // The end of a call may be told later; that it was is seen with the next.
    await expect(events([...lines.toSpliced(i, 1), ...lines])).rejects.toThrow("not complete");
  });
});

test("a call that is not back may hold locks until it is", async () => {
  const follower = new Follower(() => Promise.resolve(Buffer.alloc(0)));
  const taken = await events([told("vcpu_ioctl", { request: 1n }), told("mutex_lock", { lock: 0x10n })], follower);
  const released = await events([told("mutex_unlock", { lock: 0x10n }), told("vcpu_ioctl_end", { request: 1n })], follower);
  expect([...taken, ...released]).toEqual(["lock.slots_lock.taken", "lock.slots_lock.released"]);
});

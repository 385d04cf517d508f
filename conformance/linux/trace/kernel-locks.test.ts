import { KernelLocks } from "./kernel-locks";
import type { Addresses } from "./trace-events";
import { toldBy } from "./trace-lines";

const ADDRESSES: Addresses = {
  kvm: 0x1000n,
  locks: new Map([
    [0x10n, "kvm_lock"],
    [0x20n, "slots_lock"],
    [0x30n, "kvm_srcu"],
    [0x40n, "mmu_lock"],
    [0x50n, "vcpu_mutex"],
  ]),
  vcpus: new Map(),
  requests: new Map(),
  inhibits: 0n,
  drained: 0n,
};

const line = (tid: number, probe: string, lock: number): string =>
  `  vmm-${tid}  [000] ...1.  36: ${probe}: (kvm_vm_ioctl+0x68d/0xde0 [kvm] <- ${probe}) lock=0x${lock.toString(16)} got=0\n`;

/** What each call in turn has the trace say. */
async function recorded(calls: readonly string[], name = "vm.create_irqchip") {
  const trace = { text: "", on: false, calls: 0 };
  const tracer = {
    start: () => Promise.resolve(void (trace.on = true)),
    stop: () => {
      const told = toldBy(trace.text);
      Object.assign(trace, { text: "", on: false });
      return Promise.resolve(told);
    },
  };
  const locks = new KernelLocks(tracer, () => Promise.resolve(ADDRESSES));
  for (const each of calls) {
    await locks.start(name);
    if (trace.on) Object.assign(trace, { text: trace.text + each, calls: trace.calls + 1 });
    expect(await locks.stop()).toEqual({ events: [], reports: [] });
  }
  return { ...(await locks.close()), written: trace.calls };
}

test("what nests in a call is told when the world is closed", async () => {
  const inOrder = line(7, "mutex_lock", 0x10) + line(7, "mutex_lock", 0x20) + line(7, "synchronize_srcu", 0x30);
  const back = line(7, "mutex_unlock", 0x20) + line(7, "mutex_unlock", 0x10);
  expect(await recorded([inOrder + back])).toMatchObject({
    nested: [
      { outer: "kvm_lock", inner: "slots_lock" },
      { outer: "kvm_lock", inner: "kvm_srcu" },
      { outer: "slots_lock", inner: "kvm_srcu" },
    ],
    reports: [],
  });
});

test("a forbidden pair is found in whichever call it is, with the rule that it breaks", async () => {
  const fine = line(7, "mutex_lock", 0x10) + line(7, "mutex_unlock", 0x10);
  const wrong = line(7, "mutex_lock", 0x50) + line(7, "mutex_lock", 0x10) + line(7, "mutex_unlock", 0x10) + line(7, "mutex_unlock", 0x50);
  const { nested, reports } = await recorded([fine, fine, wrong, fine]);
  expect(nested).toEqual([{ outer: "vcpu_mutex", inner: "kvm_lock" }]);
  expect(reports).toEqual([
    { check: "lock-order", what: "kvm_lock is taken inside vcpu_mutex, by the kernel", rule: "lock.order.kvm-lock-first" },
  ]);
});

test("locks of two threads do not nest, and who reads waits for nobody", async () => {
  const two = line(7, "mutex_lock", 0x50) + line(8, "mutex_lock", 0x10) + line(8, "mutex_unlock", 0x10) + line(7, "mutex_unlock", 0x50);
  const reads =
    line(7, "mutex_lock", 0x50) + line(7, "srcu_read_lock", 0x30) + line(7, "srcu_read_unlock", 0x30) + line(7, "mutex_unlock", 0x50);
  expect(await recorded([two, reads])).toMatchObject({ nested: [], reports: [] });
});

test("a lock that is not given back is no trace, but a broken one", async () => {
  await expect(recorded([line(7, "mutex_unlock", 0x10)])).rejects.toThrow("which it did not have");
});

test("of a call that is made again and again the first hundred are written down", async () => {
  const fine = line(7, "mutex_lock", 0x10) + line(7, "mutex_unlock", 0x10);
  expect((await recorded(Array.from({ length: 300 }, () => fine))).written).toBe(100);
});

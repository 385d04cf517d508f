import { LockOrder } from "./lock-order";
import { NOTIFIER } from "./trace-events";

const by = (tid: number, ...events: string[]): { event: string; tid: number }[] => events.map((event) => ({ event, tid }));
const taken = (lock: string): string => `lock.${lock}.taken`;
const released = (lock: string): string => `lock.${lock}.released`;

test("a forbidden pair is reported with its rule", () => {
  const reports = new LockOrder().reports(by(1, "srcu.kvm_srcu.entered", taken("kvm_lock")));
  expect(reports).toEqual([
    { check: "lock-order", what: "kvm_lock is taken inside kvm_srcu, by the kernel", rule: "lock.srcu.no-kvm-lock-inside" },
  ]);
});

test("pairs that are allowed, one after the other, or on two threads, are not reported", () => {
  const order = new LockOrder();
  expect(order.reports(by(1, taken("kvm_lock"), taken("slots_lock"), released("slots_lock"), released("kvm_lock")))).toEqual([]);
  expect(order.reports(by(1, "srcu.kvm_srcu.entered", "srcu.kvm_srcu.left", taken("kvm_lock")))).toEqual([]);
  expect(order.reports(by(2, "srcu.kvm_srcu.entered", "vcpu.0.entered"))).toEqual([]);
  expect(order.reports(by(3, taken("slots_lock"), "srcu.kvm_srcu.synchronize"))).toEqual([]);
});

test("what is held is remembered until the call that took it is back", () => {
  const order = new LockOrder();
  expect(order.reports(by(1, taken("slots_arch_lock")))).toEqual([]);
  expect(order.reports(by(1, "srcu.kvm_srcu.synchronize"))).toMatchObject([{ rule: "lock.srcu.synchronize-after-slots-arch" }]);
  expect(order.reports(by(1, released("slots_arch_lock"), "srcu.kvm_srcu.synchronize"))).toEqual([]);
});

test("in a spinlock nothing sleeps, and inside the count of invalidations nothing is taken at all", () => {
  expect(new LockOrder().reports(by(1, taken("mmu_lock"), taken("slots_lock")))).toMatchObject([
    { rule: "lock.spin.nothing-sleeps-inside" },
  ]);
  expect(new LockOrder().reports(by(1, taken("mn_invalidate_lock"), taken("mmu_lock")))).toMatchObject([
    { rule: "lock.notifier.count-lock-is-a-leaf" },
  ]);
});

test("a callback of the MMU notifier takes no lock under which somebody waits for it", () => {
  const order = new LockOrder();
  expect(order.reports(by(1, NOTIFIER.entered, taken("mmu_lock"), released("mmu_lock")))).toEqual([]);
  expect(order.reports(by(1, taken("slots_lock")))).toMatchObject([{ rule: "lock.notifier.no-slots-lock" }]);
  expect(order.reports(by(1, released("slots_lock"), NOTIFIER.left, taken("slots_lock")))).toEqual([]);
});

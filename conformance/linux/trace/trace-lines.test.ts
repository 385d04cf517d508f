import { toldBy } from "./trace-lines";

const LINES = `
             exp-175     [000] ...1.           36: mutex_lock: (kvm_arch_vm_ioctl+0x68d/0xde0 [kvm] <- mutex_lock) lock=0xff51f583800ae188
           <...>-7       [001] d.Z1.           37: watched: (perf_bp_event+0x4/0xc0) at=0x10 ip=0x20 regs={0x1,0x2}
    odd name-x-12        [000] .....           38: mutex_lock_killable: (kvm_vcpu_ioctl+0x80/0x960 [kvm] <- mutex_lock_killable) lock=0x30 got=-4
             exp-175     [000] .....           39: rest: (kvm_swap_active_memslots+0x0/0x170 [kvm])
`;

test("a line gives the thread, the probe and its fields", () => {
  expect(toldBy(LINES)).toEqual([
    { tid: 175, name: "mutex_lock", fields: { lock: 0xff51f583800ae188n } },
    { tid: 7, name: "watched", fields: { at: 0x10n, ip: 0x20n, regs0: 1n, regs1: 2n } },
    { tid: 12, name: "mutex_lock_killable", fields: { lock: 0x30n, got: -4n } },
    { tid: 175, name: "rest", fields: {} },
  ]);
});

test("a line about lost events, half a line and a fault in a field are no trace", () => {
  expect(() => toldBy(`CPU:0 [LOST 5 EVENTS]\n${LINES}`)).toThrow("5 events were overwritten");
  expect(() => toldBy("             exp-175     [000] ...1.           36: mut")).toThrow("none of a probe's");
  expect(() => toldBy("  exp-175 [000] ..... 36: flush: (f+0x0/0x1) kvm=(fault)")).toThrow('"(fault)" is no number');
});

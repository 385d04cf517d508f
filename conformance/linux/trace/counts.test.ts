import { compare, type Counts } from "./counts";

const BEFORE: Counts = { flushes: 3n, swaps: 1n, inhibits: 0n, requests: new Map([[0, 0n]]) };
/** A flush, two new tables, a reason to inhibit, and APICV_UPDATE for vCPU 0. */
const AFTER: Counts = { flushes: 4n, swaps: 3n, inhibits: 2n, requests: new Map([[0, 1n << 33n]]) };
const EVENTS = ["memslots.swapped", "vcpu.0.request.APICV_UPDATE.made", "apicv.inhibits.stored", "mmu.tlb_flush", "memslots.swapped"];

test("events that fit what the kernel counted are complete", () => {
  expect(() => compare(EVENTS, BEFORE, AFTER)).not.toThrow();
  expect(() => compare([], BEFORE, BEFORE)).not.toThrow();
});

test.each(EVENTS.map((event, i) => [event, i] as const))("%s (number %i), dropped, is missed", (event, i) => {
  expect(() => compare(EVENTS.toSpliced(i, 1), BEFORE, AFTER)).toThrow(event);
});

test.each(["mmu.tlb_flush", "memslots.swapped"])("%s, told twice, is one too many", (event) => {
  expect(() => compare([...EVENTS, event], BEFORE, AFTER)).toThrow("the kernel counted");
});

import { FaultBudget } from "./sync/fault";
import { Cell, type Running, type Task } from "./task";
import { Threads } from "./threads";

const world = (): Running => ({ ops: {}, marks: { add: () => undefined }, reports: [], faults: new FaultBudget(0) });

function* two_stores(cell: Cell<number>): Task<string> {
  yield cell.store;
  yield cell.store;
  return "ok";
}

test("who was interrupted in the last world can go on in one where nobody interrupts yet", () => {
  const cell = new Cell("a cell", 0);
  const threads = new Threads();
  threads.enter(world());
  threads.begin("P0", undefined, () => two_stores(cell));
  threads.begin("H", "P0", () => two_stores(cell));
  threads.step("H", 0);
  const { standing } = threads.of("P0");
  expect(standing.ready).toBe(false);
  expect(threads.again(world(), 1)).toBe(true);
  threads.standings();
  expect(standing.ready).toBe(true);
});

test("who had returned in the last world is where it was before", () => {
  const cell = new Cell("a cell", 0);
  const threads = new Threads();
  threads.enter(world());
  threads.begin("P0", undefined, () => two_stores(cell));
  threads.step("P0", 0);
  threads.step("P0", 0);
  const { standing } = threads.of("P0");
  expect(standing).toMatchObject({ next: undefined, ready: false, returned: "ok" });
  expect(threads.again(world(), 2)).toBe(true);
  expect(threads.standings().threads).toEqual({ P0: { next: cell.store, ready: true, returned: undefined } });
});

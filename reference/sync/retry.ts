/** Waiting, outside of what the round held, for something that a fruitless round read to change. */
import { again, load_all, versions, type Cell, type Task } from "../task";

/**
 * Looks whether one of the cells is newer than `since`, and waits for that only if none is: so a
 * wait that is announced is one that somebody else must end.
 */
export function* until_newer(cells: readonly Cell<unknown>[], since: readonly number[]): Task<void> {
  yield load_all(cells);
  if (versions(cells).every((version, i) => version === since[i])) yield again(cells, since);
}

/**
 * Where a world begins. Once it is built nobody is in the middle of anything: it is cells, records and
 * tables, all reached from a few objects. A run changes little of that, and to put it back costs a
 * fraction of building another world.
 */
import { Cell, is_step } from "./task";

/** What is set once; or made when somebody first asks for it, and then good for every run. */
const LASTING = new Set(["name", "loads", "stores", "rmws", "steps", "locks", "unlocks"]);

type Container = Map<unknown, unknown> | Set<unknown> | unknown[];
type Fields = Record<string, unknown>;

/** What a cell is made of; some cells are more than that. */
const CELL = new Set(["name", "now", "version", "loads", "stores", "rmws"]);

/** In place of the value of a field that stays as it is. */
const STAYS = Symbol("stays");

/** A record: its fields in the order in which it was given them, and what they held. */
interface Kept {
  readonly record: Fields;
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

/** All that can be reached from some objects, as it is now: `restore` makes it so again, whatever became of it. */
export class Origin {
  private readonly seen = new Set<unknown>();
  private readonly cells: { readonly cell: Cell<unknown>; readonly now: unknown; readonly version: number }[] = [];
  private readonly records: Kept[] = [];
  private readonly containers: { readonly container: Container; readonly members: readonly unknown[] }[] = [];

  constructor(roots: readonly object[]) {
    for (const root of roots) this.keep(root);
  }

  restore(): void {
    for (const { cell, now, version } of this.cells) {
      if (cell.now !== now) cell.now = now;
      if (cell.version !== version) cell.version = version;
    }
    for (const kept of this.records) if (!put_back(kept)) rebuild(kept);
    for (const { container, members } of this.containers) if (!holds(container, members)) refill(container, members);
  }

  private keep(what: unknown): void {
    if (typeof what !== "object" || what === null || is_step(what) || this.seen.has(what)) return;
    this.seen.add(what);
    if (what instanceof Map) this.keep_members(what, [...what].flat());
    else if (what instanceof Set || Array.isArray(what)) this.keep_members(what, [...(what as Iterable<unknown>)]);
    else this.keep_fields(what as Fields);
  }

  private keep_members(container: Container, members: readonly unknown[]): void {
    this.containers.push({ container, members });
    for (const each of members) this.keep(each);
  }

  private keep_fields(record: Fields): void {
    const keys = Object.keys(record);
    const stays = (key: string): boolean => LASTING.has(key) || typeof record[key] === "function" || is_step(record[key]);
    if (record instanceof Cell && keys.every((key) => CELL.has(key)))
      this.cells.push({ cell: record, now: record.now, version: record.version });
    else this.records.push({ record, keys, values: keys.map((key) => (stays(key) ? STAYS : record[key])) });
    for (const key of keys) if (!stays(key)) this.keep(record[key]);
  }
}

/** Gives each field what it held. False if there are other fields, or the same in another order: then not all is done. */
function put_back({ record, keys, values }: Kept): boolean {
  let i = 0;
  // In this kind of loop a field is found by its place in the record, not by its name.
  for (const key in record) {
    if (key !== keys[i]) return false;
    const value = values[i++];
    if (value !== STAYS && record[key] !== value) record[key] = value;
  }
  return i === keys.length;
}

/** Somebody has hung something on the record that it did not have, or taken something from it. */
function rebuild({ record, keys, values }: Kept): void {
  for (const key of Object.keys(record)) if (!keys.includes(key)) Reflect.deleteProperty(record, key);
  for (const [i, key] of keys.entries()) if (values[i] !== STAYS) record[key] = values[i];
}

/** Whether these are the members, in this order. Those of a map are a key and its value by turns. */
function holds(container: Container, members: readonly unknown[]): boolean {
  let i = 0;
  if (container instanceof Map) {
    if (container.size * 2 !== members.length) return false;
    for (const [key, value] of container) if (key !== members[i++] || value !== members[i++]) return false;
    return true;
  }
  for (const each of container) if (each !== members[i++]) return false;
  return i === members.length;
}

function refill(container: Container, members: readonly unknown[]): void {
  if (Array.isArray(container)) container.splice(0, container.length, ...members);
  else {
    container.clear();
    for (let i = 0; i < members.length; i++)
      if (container instanceof Set) container.add(members[i]);
      else container.set(members[i], members[++i]);
  }
}

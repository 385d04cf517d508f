/**
 * Where a world begins. Once it is built nobody is in the middle of anything: it is cells, records and
 * tables, all reached from a few objects. A run changes little of that, and to put it back costs a
 * fraction of building another world.
 */
import { Cell, is_step } from "./task";

/** What is set once; or made when somebody first asks for it, and then good for every run. */
const LASTING = new Set(["name", "loads", "stores", "rmws", "steps", "locks", "unlocks"]);

type Container = Map<unknown, unknown> | Set<unknown>;
type Fields = Record<string, unknown>;

/** All that can be reached from some objects, as it is now: `restore` makes it so again, whatever became of it. */
export class Origin {
  private readonly seen = new Set<unknown>();
  private readonly cells: { readonly cell: Cell<unknown>; readonly now: unknown; readonly version: number }[] = [];
  private readonly fields: { readonly of: Fields; readonly key: string; readonly value: unknown }[] = [];
  private readonly records: { readonly record: Fields; readonly keys: readonly string[] }[] = [];
  private readonly containers: { readonly container: Container; readonly members: readonly unknown[] }[] = [];
  private readonly lists: { readonly list: unknown[]; readonly members: readonly unknown[] }[] = [];

  constructor(roots: readonly object[]) {
    for (const root of roots) this.keep(root);
  }

  restore(): void {
    for (const { cell, now, version } of this.cells) {
      if (cell.now !== now) cell.now = now;
      if (cell.version !== version) cell.version = version;
    }
    for (const { of, key, value } of this.fields) if (of[key] !== value) of[key] = value;
    for (const { record, keys } of this.records) forget_others(record, keys);
    for (const { container, members } of this.containers) if (!holds(container, members)) refill(container, members);
    for (const { list, members } of this.lists) if (!is_as(list, members)) list.splice(0, list.length, ...members);
  }

  private keep(what: unknown): void {
    if (typeof what !== "object" || what === null || is_step(what) || this.seen.has(what)) return;
    this.seen.add(what);
    if (Array.isArray(what)) this.keep_list(what);
    else if (what instanceof Map) this.keep_members(what, [...what].flat());
    else if (what instanceof Set) this.keep_members(what, [...(what as Set<unknown>)]);
    else this.keep_fields(what as Fields);
  }

  private keep_members(container: Container, members: readonly unknown[]): void {
    this.containers.push({ container, members });
    for (const each of members) this.keep(each);
  }

  private keep_list(list: unknown[]): void {
    const members = list.slice();
    this.lists.push({ list, members });
    for (const each of members) this.keep(each);
  }

  private keep_fields(record: Fields): void {
    // What is a cell and nothing else is found quicker than by the names of its fields.
    const cell = record instanceof Cell && Object.getPrototypeOf(record) === Cell.prototype ? record : undefined;
    if (cell !== undefined) this.cells.push({ cell, now: cell.now, version: cell.version });
    else if (!(record instanceof Cell)) this.records.push({ record, keys: Object.keys(record) });
    for (const [key, value] of Object.entries(record)) {
      if (LASTING.has(key) || typeof value === "function" || is_step(value)) continue;
      if (cell === undefined) this.fields.push({ of: record, key, value });
      this.keep(value);
    }
  }
}

/** Somebody may have hung something on the record that it did not have. */
function forget_others(record: Fields, keys: readonly string[]): void {
  let i = 0;
  for (const key in record) if (key !== keys[i++] && !keys.includes(key)) Reflect.deleteProperty(record, key);
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
  container.clear();
  for (let i = 0; i < members.length; i++)
    if (container instanceof Set) container.add(members[i]);
    else container.set(members[i], members[++i]);
}

/** Whether these are the members of a list. */
function is_as(list: readonly unknown[], members: readonly unknown[]): boolean {
  if (list.length !== members.length) return false;
  for (let i = 0; i < members.length; i++) if (list[i] !== members[i]) return false;
  return true;
}

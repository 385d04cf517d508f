/**
 * What a step must touch to be visible to a claim. The explorer orders every two steps that are
 * visible to one claim, since the claim may tell which came first.
 */
import type { LockDeclaration, ReadDeclaration } from "../../spec/generated/types";
import { bind, bindingOf } from "../case/binding";
import { declaredAs } from "../case/names";

/** One way to be visible. `stars` says how many of a cell's or event's stars belong to the claim. */
export type Sight =
  | { readonly by: "cell" | "event"; readonly pattern: string; readonly stars: number }
  | { readonly by: "release" | "hold"; readonly lock: string };

/** A read that a claim looks at, as written there, and what changes it. */
export interface PlannedRead {
  readonly name: string;
  readonly stars: number;
  /** It shows data guarded by a lock: it changes, for others, when that lock is released. */
  readonly guarded: boolean;
  readonly sights: readonly Sight[];
}

/** How many stars are in a name. */
export function starsIn(name: string): number {
  return name.split(".").filter((word) => word === "*").length;
}

/** A read as a claim writes it, with what changes it. */
export function plannedRead(
  name: string,
  reads: ReadonlyMap<string, ReadDeclaration>,
  locks: ReadonlyMap<string, LockDeclaration>,
): PlannedRead {
  const declared = declaredAs(reads.keys(), name);
  const of = declared === undefined ? [] : (reads.get(declared)?.of ?? []);
  const binding = declared === undefined ? "" : (bindingOf(declared, name) ?? "");
  const stars = starsIn(name);
  const sights = of.map((each): Sight =>
    locks.has(each) ? { by: "release", lock: each } : { by: "cell", pattern: bind(each, binding), stars },
  );
  return { name, stars, guarded: sights.some((sight) => sight.by === "release"), sights };
}

/** Whether an object is a lock of this class: named after it, alone or at the end of a dotted name. */
export function isLock(object: string, lock: string): boolean {
  return object === lock || object.endsWith(`.${lock}`);
}

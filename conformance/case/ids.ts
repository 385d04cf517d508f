/** Checks spec/ids.lock: every id that was ever given, one on a line, so that none is changed or given again. */
import { nearest } from "./names";
import type { Source } from "./source";

/** Reports ids that are not locked, and locked ids that are gone. */
export function checkIds(lock: Source, ids: ReadonlySet<string>): void {
  const locked = new Set<string>();
  let offset = 0;
  for (const line of lock.text.split("\n")) {
    const id = line.trim();
    if (id !== "" && !id.startsWith("#")) {
      const problem = problemOf(id, locked, ids);
      if (problem !== undefined) lock.reportAt(problem.code, offset, offset + id.length, problem);
      locked.add(id);
    }
    offset += line.length + 1;
  }
  const missing = [...ids].filter((id) => !locked.has(id));
  if (missing.length > 0 && lock.problems.length === 0) {
    const message = `not here yet: ${missing.join(", ")}`;
    lock.reportAt("ID-002", lock.text.length, lock.text.length, {
      message,
      hint: "`npm run generate` adds the lines; ids are for ever, so look at them first",
    });
  }
}

function problemOf(
  id: string,
  locked: ReadonlySet<string>,
  ids: ReadonlySet<string>,
): { code: "ID-003" | "ID-005"; message: string; hint: string } | undefined {
  if (locked.has(id)) return { code: "ID-005", message: `${id} is here twice`, hint: "remove one line" };
  if (ids.has(id)) return undefined;
  const near = nearest(id, ids);
  return {
    code: "ID-003",
    message: `${id} is gone from the spec`,
    hint: near === undefined ? "ids are for ever: bring it back" : `was it renamed to ${near}? Ids are for ever: bring it back`,
  };
}

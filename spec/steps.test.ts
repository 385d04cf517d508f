import { readFileSync } from "node:fs";
import { join } from "node:path";
import { conflict, CONFLICTS, type Kind } from "./steps";

const kinds = Object.keys(CONFLICTS) as Kind[];

test("conflict is symmetric", () => {
  for (const a of kinds) for (const b of kinds) expect([a, b, conflict(a, b)]).toEqual([a, b, conflict(b, a)]);
});

test("the dialogue's schema lists the kinds of the table", () => {
  const schema = readFileSync(join(__dirname, "schema/dialogue.schema.json"), "utf8");
  const listed = [...schema.matchAll(/"kind": \{\s*"enum": \[([^\]]*)\]/g)].map(([, list]) => JSON.parse(`[${list ?? ""}]`) as string[]);
  expect(listed.find((list) => list.includes("load"))?.sort()).toEqual([...kinds].sort());
});

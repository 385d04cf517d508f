import { RuleTester, type Rule } from "eslint";
import { parser } from "typescript-eslint";
import { CONFLICTS } from "../../spec/steps";

const rule = jest.requireActual<Rule.RuleModule & { SYNC_KINDS: Set<string> }>("./sync-steps-only-in-sync");

test("every kind of step is one of memory or one that the lint knows", () => {
  const memory = ["load", "store", "rmw", "fence", "again"];
  expect([...memory, ...rule.SYNC_KINDS].sort()).toEqual(Object.keys(CONFLICTS).sort());
});

new RuleTester({ languageOptions: { parser } }).run("a sync step made outside reference/sync", rule, {
  valid: [
    'const step = { kind: "load", on: [cell] };',
    'const lock = { kind: "mutex" };',
    'if (step.kind === "lock") count++;',
    "const { kind } = step;",
  ],
  invalid: [
    { code: 'const step = { kind: "lock", on: [mmu] };', errors: [{ messageId: "made", data: { kind: "lock" } }] },
    { code: 'function* op() { yield { "kind": `pick` as const, on: [] }; }', errors: 1 },
    { code: 'yielded({ ...cell.load, kind: write ? "write_lock" : "read_lock" });', errors: 2 },
  ],
});

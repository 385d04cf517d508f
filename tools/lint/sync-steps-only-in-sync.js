/**
 * sync-steps-only-in-sync: what may block or wake is in reference/sync/, and nowhere else.
 *
 * It reports an object whose `kind` is, or may be, one of the kinds of synchronization. Steps on
 * memory come from a Cell, so kernel code never writes a step down.
 */
"use strict";

/** Every kind of the table in reference/task.ts but those of memory (a test compares the two). */
const SYNC_KINDS = new Set([
  "lock",
  "unlock",
  "read_lock",
  "read_trylock",
  "read_unlock",
  "write_lock",
  "write_unlock",
  "srcu_enter",
  "srcu_leave",
  "srcu_flip",
  "srcu_drain",
  "arm",
  "await",
  "fork",
  "start",
  "exit",
  "join",
  "pick",
]);

/** The strings that an expression may be, as far as it is written out. */
function stringsIn(node) {
  if (node.type === "Literal") return [node.value];
  if (node.type === "TemplateLiteral") return node.expressions.length === 0 ? [node.quasis[0].value.cooked] : [];
  if (node.type === "ConditionalExpression") return [...stringsIn(node.consequent), ...stringsIn(node.alternate)];
  if (node.type === "LogicalExpression") return [...stringsIn(node.left), ...stringsIn(node.right)];
  if (node.type === "TSAsExpression" || node.type === "TSSatisfiesExpression") return stringsIn(node.expression);
  return [];
}

module.exports = {
  SYNC_KINDS,
  meta: {
    type: "problem",
    docs: { description: "Only files in reference/sync/ make sync steps." },
    schema: [],
    messages: {
      made: "A step of kind `{{kind}}` is made here. Only reference/sync/ makes sync steps: use its lock, wait queue or pick, or add a primitive there.",
    },
  },
  create(context) {
    return {
      Property(node) {
        if (node.computed || (node.key.name ?? node.key.value) !== "kind" || node.parent.type !== "ObjectExpression") return;
        for (const kind of stringsIn(node.value)) if (SYNC_KINDS.has(kind)) context.report({ node, messageId: "made", data: { kind } });
      },
    };
  },
};

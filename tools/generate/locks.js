/** spec/generated/locks.ts: spec/locks.yaml as data that the reference and the runner can import. */
"use strict";

const SLEEPING = ["mutex", "rwsem"];

/** The text of locks.ts. */
function makeLocks({ locks, forbidden }) {
  const names = Object.keys(locks);
  const kinds = names.map((name) => `  ${name}: "${locks[name].kind}",`);
  const meant = { any: names, sleeping: names.filter((name) => SLEEPING.includes(locks[name].kind)) };
  const pairs = forbidden.flatMap(({ outer, inner, rule }) =>
    (meant[inner] ?? [inner]).map((each) => `  ["${outer} ${each}", "${rule}"],`),
  );
  return `import type { LockDeclaration, LockName, RuleId } from "./types";

/** Every lock class and its kind. */
export const LOCKS: Readonly<Record<LockName, LockDeclaration["kind"]>> = {
${kinds.join("\n")}
};

/**
 * The pairs that must not happen, as \`outer inner\`: the second taken while the first is held, each with
 * the rule that it breaks. What stands for several locks is written out.
 */
export const FORBIDDEN: ReadonlyMap<string, RuleId> = new Map([
${pairs.join("\n")}
]);
`;
}

module.exports = { makeLocks };

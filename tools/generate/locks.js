/** spec/generated/locks.ts: spec/locks.yaml as data that the reference can import. */
"use strict";

/** The text of locks.ts. */
function makeLocks({ locks, forbidden }) {
  const kinds = Object.entries(locks).map(([name, { kind }]) => `  ${name}: "${kind}",`);
  const pairs = forbidden.map(({ outer, inner, rule }) => `  { outer: "${outer}", inner: "${inner}", rule: "${rule}" },`);
  return `import type { ForbiddenPair, LockDeclaration, LockName } from "./types";

/** Every lock class and its kind. */
export const LOCKS: Readonly<Record<LockName, LockDeclaration["kind"]>> = {
${kinds.join("\n")}
};

/** The pairs that must not happen: \`inner\` taken while \`outer\` is held. */
export const FORBIDDEN: readonly Readonly<ForbiddenPair>[] = [
${pairs.join("\n")}
];
`;
}

module.exports = { makeLocks };

import type { Violation, ViolationKind } from "../violation";

/** Found by a checker, or for want of an answer: what it is about stands only in what happened. */
const TOLD: ReadonlySet<ViolationKind> = new Set([
  "stuck",
  "lock-order",
  "atomic-sleep",
  "data-race",
  "leak",
  "capability-lie",
  "nondeterministic",
]);

/** Whether another run shows the same failure: the same claim is the first to be broken, and the same rules are broken in all. */
export function isSameFailure(found: readonly Violation[], other: readonly Violation[]): boolean {
  const [first, again] = [found[0], other[0]];
  if (first === undefined || again === undefined) return false;
  const { kind, rule, claim, text, what } = first;
  if (again.kind !== kind || again.rule !== rule || again.claim !== claim || again.text !== text) return false;
  if (TOLD.has(kind) && again.what !== what) return false;
  const broken = rulesOf(found);
  const brokenAgain = rulesOf(other);
  return broken.size === brokenAgain.size && [...broken].every((each) => brokenAgain.has(each));
}

function rulesOf(violations: readonly Violation[]): ReadonlySet<string> {
  return new Set(violations.map(({ rule, kind }) => rule ?? kind));
}

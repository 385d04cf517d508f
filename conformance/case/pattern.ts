/**
 * Patterns, the only expression language of cases, compiled into predicates over what reads show.
 * A star in a name binds one instance through a whole claim: the claim then holds instance by instance.
 */
import type { Claim, Pattern, Value, Want } from "../../spec/generated/types";
import { bind } from "./binding";
import { inWords, resolveWant, show, testOf, type Limits } from "./want";

/** What a claim is judged on: each read's value now, and one visible step earlier. */
export interface State {
  now(read: string): Value | undefined;
  before(read: string): Value | undefined;
}

/** A claim about one instance: no stars are left in it. */
export interface Instance {
  /** Every read that it looks at. It can be judged once all are known. */
  readonly reads: readonly string[];
  /** The claim as a sentence. */
  readonly text: string;
  /** Whether its `if` holds; true without one. */
  applies(state: State): boolean;
  /** Whether it holds: its `if` does not, or the rest does. */
  holds(state: State): boolean;
  /** What was demanded and is not so, each with the value that was seen. */
  complaints(state: State): string[];
}

/** A claim or pattern, ready to be judged. */
export interface Compiled {
  /** The reads that it looks at, as written: with stars. */
  readonly reads: readonly string[];
  /** It is judged only while nobody holds these locks for writing. */
  readonly unlocked: readonly string[];
  readonly starred: boolean;
  readonly text: string;
  /** The claim for one binding of its stars ("" if it has none). */
  at(binding: string): Instance;
}

interface Condition {
  readonly reads: readonly string[];
  readonly text: string;
  holds(state: State): boolean;
  complaints(state: State): string[];
}

/** Compiles a claim or pattern; limits are resolved. Throws UnknownLimit. */
export function compile(claim: Claim | Pattern, limits: Limits): Compiled {
  const whole = instance(claim, "", limits);
  const starred = whole.reads.some((read) => read.includes("*"));
  const instances = new Map<string, Instance>([["", whole]]);
  return {
    reads: whole.reads,
    unlocked: [...new Set(locksOf(claim))],
    starred,
    text: whole.text,
    at(binding) {
      let found = instances.get(binding);
      if (found === undefined) instances.set(binding, (found = instance(claim, binding, limits)));
      return found;
    },
  };
}

function instance(claim: Claim | Pattern, binding: string, limits: Limits): Instance {
  const { if: premise, then: conclusion, ...rest }: Claim = claim;
  const given = premise === undefined ? [] : conditions(premise, binding, limits);
  const wanted = [
    ...(conclusion === undefined ? [] : conditions(conclusion, binding, limits)),
    ...conditions(rest as Pattern, binding, limits),
  ];
  const applies = (state: State): boolean => given.every((each) => each.holds(state));
  const then = together(wanted);
  return {
    reads: [...new Set([...given, ...wanted].flatMap((each) => each.reads))],
    text: given.length === 0 ? then : `if ${together(given)} then ${then}`,
    applies,
    holds: (state) => !applies(state) || wanted.every((each) => each.holds(state)),
    complaints: (state) => wanted.flatMap((each) => each.complaints(state)),
  };
}

function together(all: readonly Condition[]): string {
  return all.map((each) => each.text).join(" and ");
}

function conditions(pattern: Pattern, binding: string, limits: Limits): Condition[] {
  const all: Condition[] = [];
  for (const [key, value] of Object.entries(pattern)) {
    if (key === "rule" || key === "unlocked" || value === undefined) continue;
    all.push(key === "any_of" ? anyOf(value as Pattern[], binding, limits) : oneRead(bind(key, binding), value as Want, binding, limits));
  }
  return all;
}

function anyOf(patterns: readonly Pattern[], binding: string, limits: Limits): Condition {
  const ways = patterns.map((each) => conditions(each, binding, limits));
  const holds = (state: State): boolean => ways.some((way) => way.every((each) => each.holds(state)));
  return {
    reads: ways.flat().flatMap((each) => each.reads),
    text: `(${ways.map(together).join(" or ")})`,
    holds,
    complaints: (state) => (holds(state) ? [] : ways.flatMap((way) => way.flatMap((each) => each.complaints(state)))),
  };
}

function oneRead(read: string, want: Want, binding: string, limits: Limits): Condition {
  const bound = bindWant(resolveWant(want, limits), binding);
  const test = testOf(bound);
  const others = otherReads(bound);
  const holds = (state: State): boolean => {
    const now = state.now(read);
    return now !== undefined && test(now, state.before(read), (other) => state.now(other));
  };
  return {
    reads: [read, ...others],
    text: inWords(read, bound),
    holds,
    complaints(state) {
      if (holds(state)) return [];
      const before = looksBack(bound) ? ` and was ${show(state.before(read))}` : "";
      return [`${read} is ${show(state.now(read))}${before}`, ...others.map((other) => `${other} is ${show(state.now(other))}`)];
    },
  };
}

/** The operands of a want that are wants themselves. */
function operandsOf(want: Want): Want[] {
  if (typeof want !== "object" || Array.isArray(want)) return [];
  return [want.not, want.becomes, want.was, ...(want.one_of ?? [])].filter((each) => each !== undefined);
}

function bindWant(want: Want, binding: string): Want {
  if (binding === "" || typeof want !== "object" || Array.isArray(want)) return want;
  const bound = { ...want };
  if (want.same_as !== undefined) bound.same_as = bind(want.same_as, binding);
  if (want.one_of !== undefined) bound.one_of = want.one_of.map((each) => bindWant(each, binding));
  for (const key of ["not", "becomes", "was"] as const) if (want[key] !== undefined) bound[key] = bindWant(want[key], binding);
  return bound;
}

function otherReads(want: Want): string[] {
  const own = typeof want === "object" && !Array.isArray(want) && want.same_as !== undefined ? [want.same_as] : [];
  return [...own, ...operandsOf(want).flatMap(otherReads)];
}

function looksBack(want: Want): boolean {
  if (typeof want !== "object" || Array.isArray(want)) return false;
  const own = want.becomes !== undefined || want.was !== undefined || want.changes !== undefined || want.never_loses !== undefined;
  return own || operandsOf(want).some(looksBack);
}

function locksOf(pattern: Claim | Pattern): string[] {
  const { if: premise, then: conclusion, any_of: ways, unlocked }: Claim = pattern;
  const inside = [premise, conclusion, ...(ways ?? [])].filter((each) => each !== undefined);
  return [...(unlocked === undefined ? [] : [unlocked]), ...inside.flatMap(locksOf)];
}

/** Wanted values: what satisfies them, and how they read in a sentence. */
import type { LimitName, Operator, Value, Want } from "../../spec/generated/types";

/** What an implementation reports of its own bounds. */
export type Limits = Readonly<Record<string, number>>;

/** Looks up another read in the state being judged; undefined if it is not known. */
export type Look = (read: string) => Value | undefined;

/** Whether a value satisfies a want; `before` is what the same read showed one visible step earlier. */
export type Test = (now: Value, before: Value | undefined, look: Look) => boolean;

const HEX = /^0x[0-9a-f]+$/i;

/** A value as a number of any width, or undefined if it is none. */
function wide(value: Value | undefined): bigint | undefined {
  if (typeof value === "number") return BigInt(value);
  return typeof value === "string" && HEX.test(value) ? BigInt(value) : undefined;
}

/** Whether two values are the same; a number and its hex string are. */
function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, i) => sameValue(each, b[i]));
  const left = wide(a);
  return left !== undefined && left === wide(b);
}

function compare(value: Value, bound: number, order: (value: bigint, bound: bigint) => boolean): boolean {
  const number = wide(value);
  return number !== undefined && order(number, BigInt(bound));
}

/** The tests that one operator asks for: all of them must pass. */
const OPERATORS: { readonly [K in keyof Operator]-?: (operand: NonNullable<Operator[K]>) => Test } = {
  at_least: (bound) => (now) => compare(now, bound, (value, least) => value >= least),
  at_most: (bound) => (now) => compare(now, bound, (value, most) => value <= most),
  one_of: (wants) => {
    const tests = wants.map(testOf);
    return (...seen) => tests.some((test) => test(...seen));
  },
  not: (want) => {
    const test = testOf(want);
    return (...seen) => !test(...seen);
  },
  same_as: (read) => (now, _before, look) => sameValue(now, look(read)),
  bits: ({ mask, value }) => {
    const [bits, set] = [BigInt(mask), BigInt(value)];
    return (now) => {
      const number = wide(now);
      return number !== undefined && (number & bits) === set;
    };
  },
  becomes: (want) => {
    const test = testOf(want);
    return (now, before, look) => before !== undefined && test(now, before, look) && !test(before, before, look);
  },
  was: (want) => {
    const test = testOf(want);
    return (_now, before, look) => before !== undefined && test(before, before, look);
  },
  changes: (wanted) => (now, before) => (before !== undefined && !sameValue(now, before)) === wanted,
  never_loses: () => (now, before) => ((wide(before) ?? 0n) & ~(wide(now) ?? 0n)) === 0n,
  limit: unresolved,
  plus: unresolved,
};

function unresolved(): never {
  throw new Error("a limit must be resolved before it is compared");
}

/** What a want asks of a value. Limits must be resolved. */
export function testOf(want: Want): Test {
  if (typeof want !== "object" || Array.isArray(want)) return (now) => sameValue(now, want);
  const tests = Object.entries(want).map(([name, operand]) => (OPERATORS[name as keyof Operator] as (operand: unknown) => Test)(operand));
  const [only] = tests;
  return only !== undefined && tests.length === 1 ? only : (...seen) => tests.every((test) => test(...seen));
}

/** A want asks for a limit that this implementation does not report. */
export class UnknownLimit extends Error {
  override readonly name = "UnknownLimit";
  constructor(readonly limit: string) {
    super(`it does not report the limit ${limit}`);
  }
}

/** The value of `{limit, plus}` for an implementation. Throws UnknownLimit. */
export function limitOf(operator: { readonly limit: LimitName; readonly plus?: number | undefined }, limits: Limits): number {
  const limit = limits[operator.limit];
  if (limit === undefined) throw new UnknownLimit(operator.limit);
  return limit + (operator.plus ?? 0);
}

/** The same want with each limit replaced by what the implementation reports. Throws UnknownLimit. */
export function resolveWant(want: Want, limits: Limits): Want {
  if (typeof want !== "object" || Array.isArray(want)) return want;
  if (want.limit !== undefined) return limitOf({ limit: want.limit, plus: want.plus }, limits);
  const resolved: Operator = { ...want };
  if (want.one_of !== undefined) resolved.one_of = want.one_of.map((each) => resolveWant(each, limits));
  for (const key of ["not", "becomes", "was"] as const) if (want[key] !== undefined) resolved[key] = resolveWant(want[key], limits);
  return resolved;
}

/** A value as a report shows it. */
export function show(value: Value | undefined): string {
  if (value === undefined) return "not there";
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}

/** A want about `name` as part of a sentence: `vcpu.0.in_guest`, `not apicv.inhibited`, `tlb.flushes = 1`. */
export function inWords(name: string, want: Want): string {
  if (want === true) return name;
  if (want === false) return `not ${name}`;
  if (typeof want !== "object" || Array.isArray(want)) return `${name} = ${show(want)}`;
  return Object.entries(want)
    .map(([operator, operand]) => operatorInWords(name, operator as keyof Operator, operand))
    .join(" and ");
}

function operatorInWords(name: string, operator: keyof Operator, operand: unknown): string {
  const value = (): string => (typeof operand === "object" ? inWords("", operand as Want).trim() : show(operand as Value));
  switch (operator) {
    case "at_least":
      return `${name} >= ${value()}`;
    case "at_most":
      return `${name} <= ${value()}`;
    case "one_of":
      return `${name} is one of ${(operand as Want[]).map((each) => (typeof each === "object" ? inWords("", each).trim() : String(each))).join(", ")}`;
    case "not":
      return `${name} is not ${value()}`;
    case "same_as":
      return `${name} = ${value()}`;
    case "bits": {
      const { mask, value: bits } = operand as { mask: string; value: string };
      return `${name} & ${mask} = ${bits}`;
    }
    case "becomes":
      return `${name} becomes ${value()}`;
    case "was":
      return `${name} was ${value()}`;
    case "changes":
      return operand === true ? `${name} changes` : `${name} does not change`;
    case "never_loses":
      return `${name} loses no bit`;
    case "limit":
    case "plus":
      return `${name} ${operator} ${value()}`;
  }
}

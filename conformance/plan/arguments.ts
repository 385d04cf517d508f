/** What is sent with a call: limits, symbols and repetitions are numbers by then. */
import type { Call, CallDeclaration, LimitName } from "../../spec/generated/types";
import { argumentsOf as written } from "../case/claims";
import { limitOf, type Limits } from "../case/want";

/** What stands for a number in an argument. */
interface Names {
  /** Undefined where the argument is no number. */
  readonly symbols: ReadonlyMap<string, string> | undefined;
  readonly limits: Limits;
  /** How often the call was made before. */
  readonly nth: number;
}

/** The arguments of a call as an implementation with these limits is sent them the `nth` time, from 0. Throws UnknownLimit. */
export function argumentsOf(
  call: Call,
  declared: CallDeclaration | undefined,
  symbols: ReadonlyMap<string, string>,
  limits: Limits,
  nth = 0,
): Record<string, unknown> {
  const all = Object.entries(written(call)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    all.map(([name, value]) => {
      const numeric = JSON.stringify(declared?.args?.[name] ?? {}).includes("#/$defs/u64");
      return [name, resolved(value, { symbols: numeric ? symbols : undefined, limits, nth })];
    }),
  );
}

function resolved(value: unknown, names: Names): unknown {
  if (typeof value === "string") return names.symbols?.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => resolved(each, names));
  if (typeof value !== "object" || value === null) return value;
  if ("limit" in value) return limitOf(value as { limit: LimitName; plus?: number }, names.limits);
  if ("nth" in value) return Number(value.nth) + names.nth;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolved(inner, names)]));
}

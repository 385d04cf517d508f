/** What is sent with a call: limits and symbols are numbers by then. */
import type { Call, CallDeclaration, LimitName } from "../../spec/generated/types";
import { limitOf, type Limits } from "../case/want";

const NOT_ARGUMENTS = new Set(["do", "rule", "returns", "then", "stays"]);

/** The arguments of a call as an implementation with these limits is sent them. Throws UnknownLimit. */
export function argumentsOf(
  call: Call,
  declared: CallDeclaration | undefined,
  symbols: ReadonlyMap<string, string>,
  limits: Limits,
): Record<string, unknown> {
  const all = Object.entries(call).filter(([name, value]) => !NOT_ARGUMENTS.has(name) && value !== undefined);
  return Object.fromEntries(
    all.map(([name, value]) => {
      const numeric = JSON.stringify(declared?.args?.[name] ?? {}).includes("#/$defs/u64");
      return [name, resolved(value, numeric ? symbols : undefined, limits)];
    }),
  );
}

function resolved(value: unknown, symbols: ReadonlyMap<string, string> | undefined, limits: Limits): unknown {
  if (typeof value === "string") return symbols?.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => resolved(each, symbols, limits));
  if (typeof value !== "object" || value === null) return value;
  if ("limit" in value) return limitOf(value as { limit: LimitName; plus?: number }, limits);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolved(inner, symbols, limits)]));
}

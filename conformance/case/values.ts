/** Whether what an implementation shows is what the reads are declared to be. */
import type { Value } from "../../spec/generated/types";
import { readValue, type Validate } from "../../spec/generated/validators";
import { declaredAs } from "./names";

const known = new Map<string, { readonly declared: string; readonly validate: Validate } | undefined>();

function declarationOf(name: string): { readonly declared: string; readonly validate: Validate } | undefined {
  if (!known.has(name)) {
    const declared = declaredAs(readValue.keys(), name);
    const validate = declared === undefined ? undefined : readValue.get(declared);
    known.set(name, declared === undefined || validate === undefined ? undefined : { declared, validate });
  }
  return known.get(name);
}

/** What is wrong with the values given for these reads: one that is missing, or of another kind than declared. */
export function wrongValues(asked: readonly string[], values: Readonly<Record<string, Value>>): string[] {
  const missing = asked.filter((name) => values[name] === undefined && declarationOf(name)?.declared.includes("*") === false);
  const wrong = Object.entries(values).filter(([name, value]) => declarationOf(name)?.validate(value) === false);
  return [
    ...missing.map((name) => `it says that it shows ${name}, and does not`),
    ...wrong.map(([name, value]) => `${name} is ${JSON.stringify(value)}, which is none of its values`),
  ];
}

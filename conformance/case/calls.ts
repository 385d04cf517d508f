/** Checks the calls of a case against their declarations in spec/calls.yaml. */
import type { Call, CallDeclaration } from "../../spec/generated/types";
import { callArguments } from "../../spec/generated/validators";
import { argumentsOf, callsOf } from "./claims";
import { declaredAs } from "./names";
import type { Code } from "./problems";
import { inWords, oneForEach, say } from "./schema";
import type { Path } from "./source";
import { checkVcpu } from "./vcpus";
import { type Checked, checkLimit, checkNoLimit, checkWant, unknown, type Wanted } from "./wants";

/** Reports all that is wrong with the calls of a case, and with what they are to return. */
export function checkCalls(checked: Checked): void {
  for (const { call, path } of callsOf(checked.body)) {
    checkRepeat(checked, path, call);
    const declared = checked.spec.calls.get(call.do);
    if (declared === undefined)
      checked.source.report("CASE-012", [...path, "do"], unknown("call", call.do, checked.spec.calls.keys(), "spec/calls.yaml"));
    else {
      checkArguments(checked, path, call, declared);
      checkAnswer(checked, path, call, declared);
    }
  }
}

const CODES: Readonly<Record<string, Code>> = { additionalProperties: "CASE-030", required: "CASE-031" };

function checkArguments(checked: Checked, path: Path, call: Call, { args = {} }: CallDeclaration): void {
  const { source } = checked;
  const validate = callArguments.get(call.do);
  const given = argumentsOf(call);
  if (validate?.(given) === false)
    for (const error of oneForEach(validate.errors ?? [])) {
      const said = inWords(error);
      source.report(CODES[error.keyword] ?? "CASE-032", [...path, ...said.path], said);
    }
  for (const [name, value] of Object.entries(given)) {
    const at = [...path, name];
    const fine = checkNoLimit(checked, at, value);
    if (fine && args[name]?.["$ref"] === "#/$defs/u64") checkNumber(checked, at, value);
    if (call.repeat === undefined && typeof value === "object" && value !== null && "nth" in value)
      source.report("CASE-038", [...at, "nth"], { message: "this call is made once", hint: "give it `repeat:`", atKey: true });
    if (fine && name === "vcpu" && typeof value === "number") checkVcpu(checked, at, value);
  }
}

function checkRepeat(checked: Checked, path: Path, { repeat }: Call): void {
  if (repeat === undefined) return;
  const at = [...path, "repeat"];
  if (path[0] !== "calls")
    checked.source.report("CASE-039", at, { message: "a racing call is made once", hint: "write each call of the race", atKey: true });
  if (typeof repeat === "number") checkNoLimit(checked, at, repeat);
  else checkLimit(checked, [...at, "limit"], repeat.limit);
}

function checkNumber(checked: Checked, path: Path, value: unknown): void {
  const { source, spec } = checked;
  if (typeof value === "string" && /^[A-Za-z_]/.test(value) && !spec.symbols.has(value))
    source.report("CASE-017", path, unknown("symbol", value, spec.symbols.keys(), "spec/calls.yaml"));
  const { limit } = (value ?? {}) as { limit?: unknown };
  if (typeof limit === "string") checkLimit(checked, [...path, "limit"], limit);
}

function checkAnswer(checked: Checked, path: Path, call: Call, { returns: answers }: CallDeclaration): void {
  const { source } = checked;
  if (call.stays !== undefined && (call.returns !== undefined || call.then !== undefined))
    source.report("CASE-036", [...path, "stays"], {
      message: "a call that stays blocked does not return",
      hint: "remove `returns` and `then`",
      atKey: true,
    });
  if (call.returns !== undefined) checkWant(checked, [...path, "returns"], call.returns, answersOf(checked, call.do, answers));
}

/** What a call can return: one of its declared answers, or anything if it declares none. */
export function answersOf({ source, spec }: Checked, name: string, answers: readonly string[] | undefined): Wanted {
  return {
    refuses: (value) =>
      answers === undefined || answers.includes(String(value))
        ? undefined
        : { code: "CASE-034", message: `${name} never returns ${say(value)}`, hint: `it returns ${answers.join(", ")}` },
    stepping: false,
    otherRead: (read, at) => {
      if (declaredAs(spec.reads.keys(), read) === undefined)
        source.report("CASE-013", at, unknown("read", read, spec.reads.keys(), "spec/reads.yaml"));
    },
  };
}

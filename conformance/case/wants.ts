/** Checks what is wanted of a value: a read's, a call's answer, or a number of events. */
import type { Case, Operator, Want } from "../../spec/generated/types";
import { nearest } from "./names";
import type { Code } from "./problems";
import { say } from "./schema";
import type { Path, Said, Source } from "./source";
import type { Spec } from "./spec";

/** A case that is being checked. */
export interface Checked {
  readonly source: Source;
  readonly spec: Spec;
  readonly body: Case;
}

/** What a want stands for. */
export interface Wanted {
  /** What is wrong with this literal, if anything. */
  readonly refuses: (value: unknown) => (Said & { readonly code: Code }) | undefined;
  /** It is judged after each step, so it may look one step back. */
  readonly stepping: boolean;
  /** Looks at the name of another read. */
  readonly otherRead: (name: string, path: Path) => void;
}

/** Reports all that is wrong with one wanted value. */
export function checkWant(checked: Checked, path: Path, want: Want, wanted: Wanted): void {
  if (typeof want !== "object" || Array.isArray(want)) checkLiteral(checked, path, want, wanted);
  else checkOperator(checked, path, want, wanted);
}

/** Reports a literal that equals a limit: it would be right only on the kernels that have that very limit. */
export function checkNoLimit({ source, spec }: Checked, path: Path, value: unknown): boolean {
  const names = [...spec.limits].filter(([, { known }]) => known.includes(value as number)).map(([name]) => name);
  if (names.length === 0) return true;
  const said = names.map((name) => `{limit: ${name}}`).join(" or ");
  source.report("CASE-033", path, {
    message: `${say(value)} is the limit of some kernels`,
    hint: `say ${said}; an address is a hex string`,
  });
  return false;
}

/** Reports a limit that is not declared. */
export function checkLimit({ source, spec }: Checked, path: Path, name: string): void {
  if (!spec.limits.has(name)) source.report("CASE-016", path, unknown("limit", name, spec.limits.keys(), "spec/calls.yaml"));
}

/** What to say of a name that no table declares. */
export function unknown(what: string, name: string, known: Iterable<string>, table: string): Said {
  const near = nearest(name, known);
  return {
    message: `there is no ${what} ${say(name)}`,
    hint: near === undefined ? `${table} lists all of them` : `did you mean ${say(near)}?`,
  };
}

function checkLiteral(checked: Checked, path: Path, value: unknown, wanted: Wanted): void {
  if (!checkNoLimit(checked, path, value)) return;
  const refused = wanted.refuses(value);
  if (refused !== undefined) checked.source.report(refused.code, path, refused);
}

/** Operators that say more together; every other stands alone. */
const TOGETHER = ["at_least at_most", "limit plus", "becomes was"];
const LOOK_BACK: readonly string[] = ["becomes", "was", "changes", "never_loses"];

function checkOperator(checked: Checked, path: Path, want: Operator, wanted: Wanted): void {
  const { source } = checked;
  const keys = Object.keys(want).sort();
  if (keys.join() === "plus" || (keys.length > 1 && !TOGETHER.includes(keys.join(" "))))
    source.report("CASE-046", path, {
      message: `\`${keys.join("` and `")}\`: not one wanted value`,
      hint: `what goes together: ${TOGETHER.map((keys) => keys.replace(" ", " and ")).join("; ")}`,
    });
  const looksBack = keys.find((key) => LOOK_BACK.includes(key));
  if (looksBack !== undefined && !wanted.stepping)
    source.report("CASE-045", [...path, looksBack], {
      message: `\`${looksBack}\` looks one step back`,
      hint: "only `always` is judged step by step",
      atKey: true,
    });
  checkRange(checked, path, want);
  if (want.limit !== undefined) checkLimit(checked, [...path, "limit"], want.limit);
  if (want.same_as !== undefined) wanted.otherRead(want.same_as, [...path, "same_as"]);
  for (const key of ["not", "becomes", "was"] as const) {
    const inner = want[key];
    if (inner !== undefined) checkWant(checked, [...path, key], inner, wanted);
  }
  for (const [i, each] of (want.one_of ?? []).entries()) checkWant(checked, [...path, "one_of", i], each, wanted);
}

function checkRange(checked: Checked, path: Path, { at_least, at_most, bits }: Operator): void {
  const { source } = checked;
  if (at_least !== undefined) checkNoLimit(checked, [...path, "at_least"], at_least);
  if (at_most !== undefined) checkNoLimit(checked, [...path, "at_most"], at_most);
  if (at_least !== undefined && at_most !== undefined && at_least > at_most)
    source.report("CASE-047", path, { message: `nothing is at least ${String(at_least)} and at most ${String(at_most)}` });
  if (bits === undefined) return;
  const hex = /^0x[0-9a-f]{1,16}$/;
  if (!hex.test(bits.mask) || !hex.test(bits.value))
    source.report("CASE-048", [...path, "bits"], {
      message: "mask and value are hex strings",
      hint: 'bits: {mask: "0xff", value: "0x20"}',
    });
  else if ((BigInt(bits.value) & ~BigInt(bits.mask)) !== 0n)
    source.report("CASE-048", [...path, "bits", "value"], { message: `${bits.value} has bits that the mask ${bits.mask} hides` });
}

/** The specification as data: what `loadSpec` makes of the folder spec/. */
import type {
  CallDeclaration,
  Case,
  Disagreement,
  Equivalent,
  EventDeclaration,
  Feature,
  ForbiddenPair,
  LockDeclaration,
  ReadDeclaration,
  Rule,
} from "../../spec/generated/types";

/** A bound that an implementation reports of itself, and the values it has on known kernels. */
export interface Limit {
  readonly about: string;
  readonly known: readonly number[];
}

/** A case, and the file that it was read from. */
export type FiledCase = Case & { readonly file: string };

/** A rule, its area (the first word of its id), and the file that it was read from. */
export type FiledRule = Rule & { readonly area: string; readonly file: string };

/** What is known of a rule on some real kernels, and the place in the ledger, as `file:line`. */
export type FiledDisagreement = Disagreement & { readonly place: string };

/** Names and what they are declared as; reads and events are patterns, see `declaredAs`. */
export interface Vocabulary {
  readonly features: ReadonlyMap<string, Feature>;
  readonly calls: ReadonlyMap<string, CallDeclaration>;
  readonly reads: ReadonlyMap<string, ReadDeclaration>;
  readonly events: ReadonlyMap<string, EventDeclaration>;
  readonly locks: ReadonlyMap<string, LockDeclaration>;
  readonly forbidden: readonly ForbiddenPair[];
  readonly limits: ReadonlyMap<string, Limit>;
  readonly symbols: ReadonlyMap<string, string>;
}

/** The vocabulary, all rules and cases by id, what is known of mistakes, and the ledger. */
export interface Spec extends Vocabulary {
  readonly rules: ReadonlyMap<string, FiledRule>;
  /** The known mistakes of a requirement, by its number: the first is its `a`. */
  readonly mistakes: ReadonlyMap<string, readonly string[]>;
  readonly equivalents: readonly Equivalent[];
  /** The ordinary set, and those that need very many runs. */
  readonly cases: ReadonlyMap<string, FiledCase>;
  readonly deep: ReadonlyMap<string, FiledCase>;
  readonly disagreements: readonly FiledDisagreement[];
}

/** The case of that id, be it of the ordinary set or not. */
export function caseIn({ cases, deep }: Pick<Spec, "cases" | "deep">, id: string): FiledCase | undefined {
  return cases.get(id) ?? deep.get(id);
}

/** The ids of all cases, sorted. */
export function caseIds({ cases, deep }: Pick<Spec, "cases" | "deep">): string[] {
  return [...cases.keys(), ...deep.keys()].sort();
}

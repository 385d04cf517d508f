/** Reads the folder spec/ and checks all that it holds; nothing in it is trusted. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Tables } from "../../spec/generated/types";
import { checkCase } from "./cases";
import { checkEquivalents } from "./equivalents";
import { checkIds } from "./ids";
import { checkLedger, LEDGER } from "./ledger";
import type { Problem } from "./problems";
import { checkRuleFile } from "./rules";
import { Source } from "./source";
import { caseIds, type FiledCase, type FiledDisagreement, type FiledRule, type Spec, type Vocabulary } from "./spec";
import { checkTable, checkTableNames } from "./tables";

const TABLES: readonly string[] = ["features", "calls", "reads", "events", "locks"];

/** What was read, and what is wrong with it. */
export interface Loaded {
  readonly spec: Spec;
  readonly problems: readonly Problem[];
  /** The files that were read, as they are named in problems. */
  readonly files: readonly string[];
}

/**
 * Loads spec/ of the package at `root`; files are named in problems as seen from there.
 *
 * Rules are checked once the tables are right, and cases once the rules are: with a name missing
 * from a table everything that uses it would look wrong. What is wrong is left out of `spec`.
 */
export function loadSpec(root: string): Loaded {
  const sources: Source[] = [];
  const read = (...path: string[]): Source => {
    const file = join(root, "spec", ...path);
    const source = new Source(relative(root, file), readFileSync(file));
    sources.push(source);
    return source;
  };
  const fine = (): boolean => sources.every(({ problems }) => problems.length === 0);

  const tables = TABLES.map((name) => read(`${name}.yaml`));
  const vocabulary = vocabularyOf(tables.map((source) => checkTable(source)));
  const rules = new Map<string, FiledRule>();
  const mistakes = new Map<string, readonly string[]>();
  const cases = new Map<string, FiledCase>();
  const deep = new Map<string, FiledCase>();
  const disagreements: FiledDisagreement[] = [];
  const known = { ...vocabulary, rules, mistakes, cases, deep, disagreements };
  if (fine())
    for (const file of yamlFiles(join(root, "spec", "rules"))) {
      const area = checkRuleFile(read("rules", file), vocabulary);
      for (const rule of area.rules) rules.set(rule.rule, rule);
      for (const [number, each] of Object.entries(area.mistakes)) mistakes.set(number, each);
    }
  if (fine()) for (const table of tables) checkTableNames(table, vocabulary, new Set(rules.keys()));
  const spec: Spec = { ...known, equivalents: fine() ? checkEquivalents(read("equivalents.yaml"), known) : [] };
  if (fine())
    for (const file of yamlFiles(join(root, "spec", "cases"))) {
      const loaded = checkCase(read("cases", file), spec);
      if (loaded !== undefined) (loaded.deep === true ? deep : cases).set(loaded.case, loaded);
    }
  if (fine()) disagreements.push(...checkLedger(read(LEDGER), spec));
  if (fine()) checkIds(read("ids.lock"), new Set([...rules.keys(), ...caseIds(spec)]));
  return { spec, problems: sources.flatMap((source) => source.problems), files: sources.map(({ file }) => file) };
}

/** Loads one case that is not part of spec/; throws what `readFileSync` throws if there is no such file. */
export function loadCaseFile(path: string, spec: Spec): { readonly case?: FiledCase; readonly problems: readonly Problem[] } {
  const source = new Source(path, readFileSync(path));
  const loaded = checkCase(source, spec);
  return { ...(loaded !== undefined && { case: loaded }), problems: source.problems };
}

/**
 * What is wrong with one file, taken by its place for what it would be in spec/: a table, the ledger,
 * ids.lock or equivalents.yaml by its name, rules in a folder of that name, and else a case.
 */
export function problemsOf(path: string, spec: Spec): readonly Problem[] {
  const source = new Source(path, readFileSync(path));
  if (basename(path) === "ids.lock") checkIds(source, new Set([...spec.rules.keys(), ...caseIds(spec)]));
  else if (basename(path) === LEDGER) checkLedger(source, spec);
  else if (basename(path) === "equivalents.yaml") checkEquivalents(source, spec);
  else if (TABLES.includes(basename(path, ".yaml"))) {
    if (checkTable(source) !== undefined) checkTableNames(source, spec, new Set(spec.rules.keys()));
  } else if (basename(dirname(path)) === "rules") checkRuleFile(source, spec);
  else checkCase(source, spec);
  return source.problems;
}

function vocabularyOf(read: readonly (Tables | undefined)[]): Vocabulary {
  const tables: Tables = Object.assign({}, ...read) as Tables;
  const map = <T>(table: Record<string, T> | undefined): ReadonlyMap<string, T> => new Map(Object.entries(table ?? {}));
  return {
    features: map(tables.features),
    calls: map(tables.calls),
    reads: map(tables.reads),
    events: map(tables.events),
    locks: map(tables.locks),
    forbidden: tables.forbidden ?? [],
    limits: map(tables.limits),
    symbols: map(tables.symbols),
  };
}

/** Every .yaml file below a folder, as seen from it, in order of name. */
function yamlFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".yaml"));
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

/** Reads the folder spec/ and checks all that it holds; nothing in it is trusted. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { Case, RuleFile, Tables } from "../../spec/generated/types";
import { caseFile, ruleFile, tablesFile } from "../../spec/generated/validators";
import type { Problem } from "./problems";
import { checkSchema } from "./schema";
import { Source } from "./source";
import type { FiledCase, FiledRule, Spec, Vocabulary } from "./spec";

/** What was read, and what is wrong with it; what is wrong is left out of `spec`. */
export interface Loaded {
  readonly spec: Spec;
  readonly problems: readonly Problem[];
}

/** Loads spec/ of the package at `root`; files are named in problems as seen from there. */
export function loadSpec(root: string): Loaded {
  const problems: Problem[] = [];
  const read = (file: string): Source => new Source(relative(root, file), readFileSync(file));
  const done = (source: Source): void => void problems.push(...source.problems);

  const vocabulary = loadTables(join(root, "spec"), read, done);
  const rules = new Map<string, FiledRule>();
  for (const file of yamlFiles(join(root, "spec", "rules"))) {
    const source = read(file);
    if (checkSchema(source, "RULE", ruleFile)) {
      const { area, rules: stated } = source.value as RuleFile;
      for (const rule of stated) rules.set(rule.rule, { ...rule, area, file: source.file });
    }
    done(source);
  }
  const cases = new Map<string, FiledCase>();
  const spec = { ...vocabulary, rules, cases };
  for (const file of yamlFiles(join(root, "spec", "cases"))) {
    const source = read(file);
    const loaded = checkCase(source, spec);
    if (loaded !== undefined) cases.set(loaded.case, loaded);
    done(source);
  }
  return { spec, problems };
}

/** Loads one case that is not part of spec/. */
export function loadCaseFile(path: string, spec: Spec): { readonly case?: FiledCase; readonly problems: readonly Problem[] } {
  const source = new Source(path, readFileSync(path));
  const loaded = checkCase(source, spec);
  return { ...(loaded !== undefined && { case: loaded }), problems: source.problems };
}

function checkCase(source: Source, _spec: Spec): FiledCase | undefined {
  if (!checkSchema(source, "CASE", caseFile)) return undefined;
  return { ...(source.value as Case), file: source.file };
}

function loadTables(folder: string, read: (file: string) => Source, done: (source: Source) => void): Vocabulary {
  const tables: Tables = {};
  for (const name of ["features", "calls", "reads", "events", "locks"]) {
    const source = read(join(folder, `${name}.yaml`));
    if (checkSchema(source, "TABLE", tablesFile)) Object.assign(tables, source.value);
    done(source);
  }
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

/** Every .yaml file below a folder, in order of name. */
function yamlFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && basename(entry.name).endsWith(".yaml"));
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

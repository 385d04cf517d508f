/** Checks one table of the vocabulary: spec/{features,calls,reads,events,locks}.yaml. */
import type { CallDeclaration, Tables } from "../../spec/generated/types";
import { callArguments, readValue, tablesFile } from "../../spec/generated/validators";
import { CALL_KEYS } from "./claims";
import { checkSchema, say } from "./schema";
import type { Path, Source } from "./source";
import type { Vocabulary } from "./spec";
import { unknown } from "./wants";

/** The table that a source holds by its schema, or undefined with problems reported to the source. */
export function checkTable(source: Source): Tables | undefined {
  return checkSchema(source, "TABLE", tablesFile) ? (source.value as Tables) : undefined;
}

/** What can be checked of a table once all tables and rules are known. */
export function checkTableNames(source: Source, vocabulary: Vocabulary, rules: ReadonlySet<string>): void {
  if (source.problems.length > 0) return;
  const { calls = {}, reads = {}, events = {}, forbidden = [] } = source.value as Tables;
  const { features, locks } = vocabulary;
  for (const [key, table] of Object.entries({ calls, reads, events }))
    for (const [name, { feature }] of Object.entries(table))
      if (!features.has(feature))
        source.report("TABLE-010", [key, name, "feature"], unknown("feature", feature, features.keys(), "spec/features.yaml"));
  for (const [name, read] of Object.entries(reads)) checkOf(source, ["reads", name], read.of, vocabulary);
  for (const [name, call] of Object.entries(calls)) checkCall(source, ["calls", name], call);
  for (const [i, { outer, inner, rule }] of forbidden.entries()) {
    const path = ["forbidden", i];
    if (outer !== "notifier" && !locks.has(outer))
      source.report("TABLE-013", [...path, "outer"], unknown("lock", outer, [...locks.keys(), "notifier"], "spec/locks.yaml"));
    if (!["synchronize", "sleeping", "any"].includes(inner) && !locks.has(inner))
      source.report(
        "TABLE-013",
        [...path, "inner"],
        unknown("lock", inner, [...locks.keys(), "synchronize", "sleeping", "any"], "spec/locks.yaml"),
      );
    if (!rules.has(rule)) source.report("TABLE-014", [...path, "rule"], unknown("rule", rule, rules, "spec/rules/"));
  }
  if (source.problems.length === 0) checkGenerated(source, { calls, reads });
}

/** A read derives from cells, each at its own step, or from what one lock guards. */
function checkOf(source: Source, path: Path, of: readonly string[], { locks }: Vocabulary): void {
  const guards = of.filter((each) => locks.has(each));
  if (guards.length > 0 && of.length > 1)
    source.report("TABLE-011", [...path, "of"], {
      message: `${guards.join(", ")} is a lock, and ${String(of.length - 1)} more are here`,
      hint: "name cells only, or one lock",
    });
}

function checkCall(source: Source, path: Path, { args = {}, optional = [] }: CallDeclaration): void {
  for (const name of Object.keys(args))
    if (CALL_KEYS.includes(name))
      source.report("TABLE-015", [...path, "args", name], {
        message: `every call has a key ${say(name)} of its own`,
        hint: "name the argument otherwise",
        atKey: true,
      });
  for (const [i, name] of optional.entries())
    if (!Object.hasOwn(args, name))
      source.report("TABLE-016", [...path, "optional", i], unknown("argument", name, Object.keys(args), "`args`"));
}

/** What is declared here and unknown to spec/generated/ would not be checked where it is used. */
function checkGenerated(source: Source, { calls, reads }: Required<Pick<Tables, "calls" | "reads">>): void {
  const missing = (key: string, table: object, made: ReadonlyMap<string, unknown>): void => {
    for (const name of Object.keys(table))
      if (!made.has(name))
        source.report("TABLE-017", [key, name], {
          message: `spec/generated/ does not know ${say(name)}`,
          hint: "npm run generate",
          atKey: true,
        });
  };
  missing("calls", calls, callArguments);
  missing("reads", reads, readValue);
}

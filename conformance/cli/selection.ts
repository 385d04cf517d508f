/** Which cases a command is about. */
import { nearest } from "../case/names";
import { caseIds, caseIn, type FiledCase, type Spec } from "../case/spec";
import { UsageError } from "./usage";

/** Patterns as given on the command line: `*` stands for any letters. All lists empty selects every case. */
export interface Selection {
  readonly case?: readonly string[];
  readonly rule?: readonly string[];
  readonly area?: readonly string[];
  readonly exclude?: readonly string[];
  /** The deep cases too; else one of them is selected only by its whole id. */
  readonly deep?: boolean;
}

/**
 * The cases that match one of the patterns of every kind given, in the order of their ids. A
 * pattern that matches nothing is an error that names the nearest id: a misspelt selection must
 * not pass for an empty one.
 */
export function select(spec: Spec, wanted: Selection): FiledCase[] {
  const ids = caseIds(spec);
  const rules = [...spec.rules.keys()];
  const areas = [...new Set(ids.map(areaOf))];
  let selected = wanted.deep === true ? ids : ids.filter((id) => spec.cases.has(id) || wanted.case?.includes(id) === true);
  if (wanted.case?.length) selected = keep(selected, wanted.case, "case", ids, (id) => [id]);
  if (wanted.rule?.length) selected = keep(selected, wanted.rule, "rule", rules, (id) => caseIn(spec, id)?.rules ?? []);
  if (wanted.area?.length) selected = keep(selected, wanted.area, "area", areas, (id) => [areaOf(id)]);
  if (wanted.exclude?.length) {
    const excluded = new Set(keep(ids, wanted.exclude, "case", ids, (id) => [id]));
    selected = selected.filter((id) => !excluded.has(id));
  }
  return selected.flatMap((id) => caseIn(spec, id) ?? []);
}

/** The area of a case: the first word of its id. */
export function areaOf(id: string): string {
  return id.slice(0, id.indexOf("/"));
}

function keep(
  ids: readonly string[],
  patterns: readonly string[],
  what: string,
  known: readonly string[],
  of: (id: string) => readonly string[],
): string[] {
  const tests = patterns.map((pattern) => glob(pattern));
  patterns.forEach((pattern, i) => {
    if (known.some((id) => tests[i]?.test(id))) return;
    const near = nearest(pattern, known) ?? known.find((id) => id.includes(pattern.replaceAll("*", "")));
    throw new UsageError(
      `no ${what} matches ${pattern}${near === undefined ? "" : `; did you mean ${near}?`} (\`kvm-conform list\` shows all)`,
    );
  });
  return ids.filter((id) => of(id).some((each) => tests.some((test) => test.test(each))));
}

function glob(pattern: string): RegExp {
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}

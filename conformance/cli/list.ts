/** `kvm-conform list`: the cases as a table of contents. */
import pc from "picocolors";
import type { FiledCase, Spec } from "../case/spec";
import { aboutFixture, fixtureSpecifiers } from "./specifier";
import { areaOf, select, type Selection } from "./selection";

/** One line a case, under its area. */
export function caseListing(spec: Spec, selection: Selection): string[] {
  const entry = (each: FiledCase): string => {
    const threads = Object.keys(each.threads ?? {}).length;
    const notes = [...(threads > 1 ? [`${threads} threads`] : []), ...(each.deep === true ? ["deep"] : [])];
    return `  ${each.case}${notes.length > 0 ? pc.dim(`   ${notes.join(", ")}`) : ""}`;
  };
  return byArea(
    select(spec, { ...selection, deep: true }),
    (each) => areaOf(each.case),
    (each) => [entry(each)],
  );
}

/** The rules that the selected cases are about, under their areas; without a selection all. */
export function ruleListing(spec: Spec, selection: Selection): string[] {
  const { case: cases, rule, area, exclude } = selection;
  const all = [cases, rule, area, exclude].every((patterns) => patterns === undefined);
  const named = new Set<string>(select(spec, { ...selection, deep: true }).flatMap(({ rules }) => rules));
  const rules = [...spec.rules.values()].filter((each) => all || named.has(each.rule));
  return byArea(
    rules,
    (each) => each.area,
    (each) => [`  ${each.rule}`, pc.dim(`      ${each.says}`)],
  );
}

/** Lines for each, with a heading where the area changes. */
function byArea<T>(entries: readonly T[], areaOfEntry: (entry: T) => string, lines: (entry: T) => string[]): string[] {
  return entries.flatMap((entry, i) => {
    const area = areaOfEntry(entry);
    const before = entries[i - 1];
    const heading = before !== undefined && areaOfEntry(before) === area ? [] : [...(i === 0 ? [] : [""]), pc.bold(area)];
    return [...heading, ...lines(entry)];
  });
}

/** The bugs and older kernels of this package, each with the first sentence of its story. */
export function fixtureListing(): string[] {
  return fixtureSpecifiers().flatMap((specifier) => {
    const { story, breaks } = aboutFixture(specifier);
    const [first] = story
      .trim()
      .replaceAll(/\s+/g, " ")
      .split(/(?<=\.) /);
    return [`${specifier}${breaks === undefined ? "" : pc.dim(`   ${breaks}`)}`, pc.dim(`    ${first ?? ""}`)];
  });
}

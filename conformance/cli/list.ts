/** `kvm-conform list`: the cases as a table of contents. */
import pc from "picocolors";
import type { Spec } from "../case/spec";
import { aboutFixture, fixtureSpecifiers } from "./specifier";
import { areaOf, select, type Selection } from "./selection";

/** One line a case, under its area; with `rules`, one line a rule. */
export function listing(spec: Spec, selection: Selection, what: "cases" | "rules" = "cases"): string[] {
  const selected = select(spec, selection);
  const lines: string[] = [];
  let area = "";
  if (what === "rules") {
    const named = new Set<string>(selected.flatMap(({ rules }) => rules));
    const { case: cases, rule, area: areas, exclude } = selection;
    const all = [cases, rule, areas, exclude].every((patterns) => patterns === undefined);
    for (const [id, rule] of spec.rules) {
      if (!all && !named.has(id)) continue;
      if (rule.area !== area) lines.push("", pc.bold((area = rule.area)));
      lines.push(`  ${id}`, pc.dim(`      ${rule.says}`));
    }
    return lines.slice(1);
  }
  for (const each of selected) {
    if (areaOf(each.case) !== area) lines.push("", pc.bold((area = areaOf(each.case))));
    const threads = Object.keys(each.threads ?? {}).length;
    lines.push(`  ${each.case}${threads > 1 ? pc.dim(`   ${threads} threads`) : ""}`);
  }
  return lines.slice(1);
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

/** `kvm-conform bugs`: the proof that the cases catch something. Each bug meets the cases of its rule. */
import pc from "picocolors";
import type { BugResult } from "../../coverage/rules";
import type { Spec } from "../case/spec";
import { openBench } from "./bench";
import { inOrder, type Jobs, type Source } from "./crew";
import type { Print } from "./run";
import { aboutFixture, fixtureSpecifiers } from "./specifier";
import { Interrupted, type Stopper } from "./stop";
import { UsageError } from "./usage";

/** The bugs of these areas, or all, as specifiers. */
export function bugSpecifiers(areas: readonly string[] = []): string[] {
  return fixtureSpecifiers("bugs").filter(
    (specifier) => areas.length === 0 || areas.some((area) => specifier.startsWith(`fixtures/bugs/${area}/`)),
  );
}

/** Judges the cases of the rule that a bug breaks, up to the first that a claim of that rule fails in. */
export async function meet(specifier: string, spec: Spec, stopper: Stopper): Promise<BugResult> {
  const { breaks } = aboutFixture(specifier);
  if (breaks === undefined) throw new UsageError(`${specifier} does not say which rule it breaks`);
  const bug = specifier.replace("fixtures/bugs/", "");
  const cases = [...spec.cases.values()].filter((each) => each.rules.some((rule) => rule === breaks));
  const bench = await openBench(specifier, spec, stopper);
  try {
    for (const what of cases) {
      const { failure } = await bench.judge(what);
      const caught = failure?.violations.find((violation) => violation.rule === breaks);
      if (failure !== undefined && caught !== undefined)
        return {
          type: "bug",
          bug,
          breaks,
          caught: { case: what.case, kind: caught.kind, run: failure.run, schedule: failure.schedule },
          cases: cases.length,
        };
    }
    return { type: "bug", bug, breaks, caught: undefined, cases: cases.length };
  } finally {
    await bench.end();
  }
}

/** A bug that is to meet the cases of its rule. */
export interface BugTask {
  readonly bug: string;
  readonly n: number;
}

function sourceOf(specifiers: readonly string[]): Source<BugTask, BugResult, BugResult> {
  let given = 0;
  return {
    count: specifiers.length,
    next: () => {
      const [n, bug] = [given++, specifiers[given - 1]];
      return bug === undefined ? undefined : { bug, n };
    },
    came: ({ n }, result) => [[n, result]],
    failed: (_, error) => {
      throw error;
    },
  };
}

/** A table of bugs: what caught each, after how many runs. Gives the results back. Throws Interrupted. */
export async function bugs(spec: Spec, areas: readonly string[], jobs: Jobs, print: Print, stopper: Stopper): Promise<BugResult[]> {
  const specifiers = bugSpecifiers(areas);
  if (specifiers.length === 0) throw new UsageError(`no bug is in ${areas.join(" or ")}; \`kvm-conform list --fixtures\` shows all`);
  const width = Math.max(...specifiers.map((each) => each.length)) - "fixtures/bugs/".length;
  const results: BugResult[] = [];
  const here = { do: ({ bug }: BugTask) => meet(bug, spec, stopper), pause: () => undefined };
  for await (const result of inOrder(sourceOf(specifiers), here, jobs, stopper)) {
    results.push(result);
    const { bug, breaks, caught, cases } = result;
    const how =
      caught === undefined ? pc.red(`survives ${cases} cases of ${breaks}`) : `${caught.kind} in ${caught.case}, run ${caught.run}`;
    print(`${caught === undefined ? pc.red("survives") : pc.green("caught  ")}  ${bug.padEnd(width)}  ${how}`);
  }
  if (stopper.stopped) throw new Interrupted("stopped");
  print(`${results.filter((each) => each.caught !== undefined).length} of ${results.length} bugs caught by a claim of their own rule`);
  return results;
}

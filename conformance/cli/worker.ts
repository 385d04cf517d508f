/** What the threads of a command run: each loads the spec and opens adapters itself, and hands back plain data. */
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { judgedOn, openBench, type Bench } from "./bench";
import { meet } from "./bugs";
import type { BugTask, JudgeTask } from "./crew";
import { judgingOf } from "./judging";
import { serve } from "./thread";

const { spec } = loadSpec(packageRoot());

/** Who is interrupted is the thread, from outside. */
const NEVER = { stopped: false };

const benches = new Map<string, Promise<Bench>>();

function benchOf(adapter: string): Promise<Bench> {
  let bench = benches.get(adapter);
  if (bench === undefined) benches.set(adapter, (bench = openBench(adapter, spec, NEVER)));
  return bench;
}

serve(async (task: JudgeTask | BugTask) => {
  if ("bug" in task) return meet(task.bug, spec, NEVER);
  const what = spec.cases.get(task.case);
  if (what === undefined) throw new Error(`the spec has no case ${task.case} any more`);
  return judgedOn(await benchOf(task.adapter), what, judgingOf(task.asking));
});

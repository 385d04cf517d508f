/** What the threads of a command run: each loads the spec and opens adapters itself, and hands back plain data. */
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { openBench, saidOn, type Bench } from "./bench";
import { meet, type BugTask } from "./bugs";
import type { CaseTask } from "./cases";
import { isPaused, serve } from "./thread";

const { spec } = loadSpec(packageRoot());

/** Who is interrupted is the thread, from outside. */
const NEVER = { stopped: false };

const benches = new Map<string, Promise<Bench>>();

function benchOf(adapter: string): Promise<Bench> {
  let bench = benches.get(adapter);
  if (bench === undefined) benches.set(adapter, (bench = openBench(adapter, spec, NEVER)));
  return bench;
}

serve(async (task: CaseTask | BugTask) => {
  if ("bug" in task) return meet(task.bug, spec, NEVER);
  return saidOn(await benchOf(task.adapter), spec, task, isPaused);
});

import type { Exploration } from "../exploration";
import type { Memory } from "../memory";
import type { Ran } from "../run";
import type { Transition } from "../footprint";
import type { Violation } from "../violation";
import type { Attempt } from "./attempt";
import { contextSwitches } from "./stretch";

/** A run that breaks what is to be shown. */
export interface Failing {
  readonly taken: readonly Transition[];
  readonly violations: readonly Violation[];
  /** How many steps have been taken when the first claim is broken. */
  readonly step: number;
  /** How many steps a schedule must name: the others are by the first thread that can go on. */
  readonly written: number;
  /** How often another thread goes on, up to that step. */
  readonly switches: number;
  /** For each thread, after how many steps of its own each of its calls began. */
  readonly begins: readonly (readonly number[])[];
  /** For each thread, after how many steps of the run it was there. */
  readonly born: readonly number[];
}

/** What an attempt came to. */
export function failingOf({ violations, taken }: Ran, { written, born }: Attempt, { memory, plan }: Exploration): Failing {
  const step = violations[0]?.step ?? taken.length;
  const switches = contextSwitches(taken, step);
  const begins = plan.control === "step" ? beginsOf(taken, memory) : everyStep(taken);
  return { taken: taken.slice(), violations: violations.slice(), step, written, switches, begins, born };
}

/** Fewer context switches count first, then fewer steps, then less to write. */
export function isShorter(a: Failing, b: Failing): boolean {
  if (a.switches !== b.switches) return a.switches < b.switches;
  return a.step < b.step || (a.step === b.step && a.written < b.written);
}

function beginsOf(taken: readonly Transition[], memory: Memory): number[][] {
  const begins: number[][] = [];
  const progress: number[] = [];
  let counted = 0;
  for (const [thing, steps] of memory.all()) {
    if (thing.what !== "begun" || thing.lane.index < 0) continue;
    for (; counted < steps; counted++) progress[taken[counted]?.thread ?? 0] = (progress[taken[counted]?.thread ?? 0] ?? 0) + 1;
    (begins[thing.lane.index] ??= []).push(progress[thing.lane.index] ?? 0);
  }
  return begins;
}

/** Who is asked for whole calls makes one in each step. */
function everyStep(taken: readonly Transition[]): number[][] {
  const begins: number[][] = [];
  for (const { thread } of taken) {
    const own = (begins[thread] ??= []);
    own.push(own.length);
  }
  return begins;
}

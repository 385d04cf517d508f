import type { CallReply, Standing, StepReply, Threads } from "../../spec/generated/types";
import { answered, type Exchange } from "../adapter/door";
import type { Exploration } from "./exploration";
import type { Lane } from "./lane";
import { Misfit } from "./replay";
import type { Transition } from "./footprint";
import type { World } from "./world";

/**
 * Makes the steps that a run has in common with the last one, and recalls what they showed. What
 * the implementation says in between was judged before: it is only held against what it said then.
 * Gives the first step that a thread does not announce any more, if there is one.
 */
export function* repeat(whole: Exploration, world: World): Exchange<Transition | undefined> {
  const { memory } = whole;
  const { taken } = memory;
  let last: Threads | undefined;
  for (let n = 0; n <= taken.length; n++) {
    const chosen = taken[n - 1];
    if (chosen !== undefined && !announces(last?.[laneOf(world, chosen).name], chosen)) {
      if (last !== undefined) world.absorb(last);
      memory.keep(n - 1);
      return chosen;
    }
    if (chosen !== undefined) last = answered<StepReply>(yield world.stepOf(laneOf(world, chosen), chosen)).threads;
    if (chosen !== undefined) recallStep(whole, world, chosen);
    const moment = memory.after(n);
    if (moment !== undefined) {
      for (const { thread, request } of moment.begun) {
        const lane = world.lanes[thread];
        if (lane !== undefined) lane.at++;
        if (request !== undefined) last = answered<CallReply>(yield request).threads ?? last;
      }
      for (const { thread, value } of moment.returned) world.lanes[thread]?.returns.push(value);
      if (moment.shown !== undefined) whole.watch.show(moment.shown);
    }
    if (chosen !== undefined && whole.sequences !== undefined)
      for (const { claim, binding } of chosen.does.visible) whole.sequences.saw(claim, binding, chosen.does, whole.watch);
    // A thread that was started meanwhile takes a step.
    if ((taken[n]?.thread ?? 0) >= world.lanes.length && last !== undefined) world.absorb(last);
  }
  if (last !== undefined) world.absorb(last);
  for (const lane of world.lanes) lane.back = false;
  return undefined;
}

/** Whether a thread stands where it would take this step. */
function announces(standing: Standing | undefined, { does }: Transition): boolean {
  const next = standing?.next;
  return next?.kind === does.kind && next.on[0]?.name === does.objects[0];
}

function recallStep({ watch, orders }: Exploration, world: World, chosen: Transition): void {
  const { does } = chosen;
  watch.stepped(does);
  if (does.event !== undefined) orders.saw(does.event, laneOf(world, chosen).name, () => undefined);
}

function laneOf({ lanes }: World, { thread }: Transition): Lane {
  const lane = lanes[thread];
  if (lane === undefined) throw new Misfit(`thread ${thread}, which took a step in the last run, is not there`);
  return lane;
}

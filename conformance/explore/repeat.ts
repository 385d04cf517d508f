import type { CallReply, Request, StepReply, StepRequest, Threads } from "../../spec/generated/types";
import { answered, ask, type Exchange } from "../adapter/door";
import type { Exploration } from "./exploration";
import { isOf } from "./footprints";
import type { Lane } from "./lane";
import { Misfit } from "./replay";
import type { Transition } from "./footprint";
import type { World } from "./world";

/**
 * Undoes what the last run did after so many steps. What the implementation says on the way there in a
 * fresh world was judged before; it is only held against what it said then.
 */
export function undo({ memory, watch, orders }: Exploration, world: World, steps: number): void {
  watch.back(steps, memory.taken);
  world.goBack(steps);
  memory.back(steps);
  orders.reset();
  if (orders.areJudged)
    for (const [thing] of memory.all()) if (thing.what === "event") orders.saw(thing.event, thing.thread, () => undefined);
}

/**
 * Whether this run is to be brought to where it parts from the last by the implementation itself, if it
 * can do that. It is told step by step in the run whose number is a power of two: a few runs are enough
 * to notice one that is not repeatable.
 */
export function isAsked({ plan }: Exploration, run: number): boolean {
  return plan.again && (run & (run - 1)) !== 0;
}

/** Makes the steps that the memory knows of in a fresh world, one by one. Gives the first that a thread does not announce any more, if there is one. */
export function* repeat(whole: Exploration, world: World): Exchange<Transition | undefined> {
  yield* world.openEmpty();
  const { memory } = whole;
  const { taken } = memory;
  const stand: Threads = {};
  function* call(request: Request): Exchange<void> {
    Object.assign(stand, answered<CallReply>(yield* ask(request)).threads);
  }
  function* step(request: StepRequest): Exchange<void> {
    const { standing, threads } = answered<StepReply>(yield* ask(request));
    if (standing !== undefined) stand[request.thread ?? ""] = standing;
    Object.assign(stand, threads);
  }
  for (const request of memory.setUp) yield* request.op === "step" ? step(request) : call(request);
  let steps = 0;
  function* stepsUpTo(end: number): Exchange<Transition | undefined> {
    for (; steps < end; steps++) {
      const chosen = taken[steps] as Transition;
      const lane = laneOf(world, chosen);
      if (!announces(stand, lane, chosen)) return chosen;
      yield* step(world.stepOf(lane, chosen));
    }
    return undefined;
  }
  for (const [thing, when] of memory.all()) {
    const misfit = yield* stepsUpTo(when);
    if (misfit !== undefined) return diverged(whole, world, stand, steps, misfit);
    if (thing.what === "begun") yield* call(thing.request);
  }
  const misfit = yield* stepsUpTo(taken.length);
  if (misfit !== undefined) return diverged(whole, world, stand, steps, misfit);
  world.absorb(stand);
  return undefined;
}

/** The run is not what it was: where it stands now, for the report. */
function diverged({ memory, watch }: Exploration, world: World, stand: Threads, steps: number, misfit: Transition): Transition {
  watch.back(steps, memory.taken);
  memory.back(steps);
  world.absorb(stand);
  return misfit;
}

/** Whether a thread stands where it would take this step. */
function announces(threads: Threads, { name }: Lane, { does }: Transition): boolean {
  const next = threads[name]?.next;
  return next !== undefined && isOf(does, next);
}

function laneOf({ lanes }: World, { thread }: Transition): Lane {
  const lane = lanes[thread];
  if (lane === undefined) throw new Misfit(`thread ${thread}, which took a step in the last run, is not there`);
  return lane;
}

import type { Reply, Request, Standing, StepReply, Threads } from "../../spec/generated/types";
import { answered, doorHere, type Exchange } from "../adapter/door";
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
  // No exchange is begun for a step: whoever is here is asked at once.
  const here = doorHere();
  for (const request of memory.setUp) hear(stand, request, here === undefined ? yield request : here(request));
  let steps = 0;
  for (const [call, when] of memory.calls()) {
    for (; steps < when; steps++) {
      const chosen = taken[steps] as Transition;
      const lane = laneOf(world, chosen);
      if (!announces(stand, lane, chosen)) return diverged(whole, world, stand, steps, chosen);
      const request = world.stepOf(lane, chosen);
      hear(stand, request, here === undefined ? yield request : here(request));
    }
    if (call !== undefined) hear(stand, call, here === undefined ? yield call : here(call));
  }
  world.absorb(stand);
  return undefined;
}

/** Takes over where threads stand after a request. */
function hear(stand: Threads, { thread }: Request & { readonly thread?: string | undefined }, reply: Reply): void {
  const { standing, threads } = answered<StepReply>(reply);
  if (standing !== undefined) stand[thread ?? ""] = standing;
  for (const name in threads) stand[name] = threads[name] as Standing;
}

/** The run is not what it was: where it stands now, for the report. */
function diverged({ memory, watch }: Exploration, world: World, stand: Threads, steps: number, misfit: Transition): Transition {
  watch.back(steps, memory.taken);
  memory.back(steps);
  world.absorb(stand);
  return misfit;
}

/** Whether a thread stands where it would take this step. */
function announces(threads: Threads, { name }: Lane, { does, announced }: Transition): boolean {
  const next = threads[name]?.next;
  return next !== undefined && (next === announced || isOf(does, next));
}

function laneOf({ lanes }: World, { thread }: Transition): Lane {
  const lane = lanes[thread];
  if (lane === undefined) throw new Misfit(`thread ${thread}, which took a step in the last run, is not there`);
  return lane;
}

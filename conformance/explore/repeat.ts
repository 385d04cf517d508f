import type { CallReply, Request, StepReply, Threads } from "../../spec/generated/types";
import { answered, type Exchange } from "../adapter/door";
import type { Exploration } from "./exploration";
import type { Lane } from "./lane";
import { Misfit } from "./replay";
import type { Transition } from "./footprint";
import type { World } from "./world";

/**
 * Brings a fresh world to where the memory has gone back to. What the implementation says on the
 * way was judged before; it is only held against what it said then. Gives the first step that a
 * thread does not announce any more, if there is one.
 *
 * An implementation that can do that by itself is not told step by step, but for the run whose
 * number is a power of two: a few runs are enough to notice one that is not repeatable.
 */
export function* repeat(whole: Exploration, world: World, run: number): Exchange<Transition | undefined> {
  if (whole.plan.again && (run & (run - 1)) !== 0 && (yield* world.openAgain())) {
    world.arrived();
    return undefined;
  }
  yield* world.openEmpty();
  const { memory } = whole;
  const { taken } = memory;
  const stand: Threads = {};
  function* ask(request: Request): Exchange<void> {
    Object.assign(stand, answered<StepReply | CallReply>(yield request).threads);
  }
  for (const request of memory.setUp) yield* ask(request);
  let steps = 0;
  function* stepsUpTo(end: number): Exchange<Transition | undefined> {
    for (; steps < end; steps++) {
      const chosen = taken[steps] as Transition;
      const lane = laneOf(world, chosen);
      if (!announces(stand, lane, chosen)) return chosen;
      yield* ask(world.stepOf(lane, chosen));
    }
    return undefined;
  }
  for (const [thing, when] of memory.all()) {
    const misfit = yield* stepsUpTo(when);
    if (misfit !== undefined) return diverged(whole, world, stand, steps, misfit);
    if (thing.what === "begun") yield* ask(thing.request);
  }
  const misfit = yield* stepsUpTo(taken.length);
  if (misfit !== undefined) return diverged(whole, world, stand, steps, misfit);
  world.absorb(stand);
  world.arrived();
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
  return next?.kind === does.kind && next.on[0]?.name === does.objects[0];
}

function laneOf({ lanes }: World, { thread }: Transition): Lane {
  const lane = lanes[thread];
  if (lane === undefined) throw new Misfit(`thread ${thread}, which took a step in the last run, is not there`);
  return lane;
}

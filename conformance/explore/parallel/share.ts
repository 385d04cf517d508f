/**
 * The engine on a part of an exploration. What was explored from the prefixes of its part, and what is
 * left there, it is told; the reversals from prefixes above its part it tells in turn. Between two runs it
 * can say where it stands, so that it, or another, can go on from there.
 */
import type { Dependent } from "../footprint";
import type { Footprints } from "../footprints";
import { Optimal } from "../optimal";
import type { Sequence } from "../optimal/sequence";
import { insert, type Branch } from "../optimal/wakeup-tree";
import { Names, type Frame, type Job, type StepName, type ToldReversal } from "./told";

/** Explores one part. */
export class Share extends Optimal {
  /** What is to be explored from prefixes above the part, each v once. */
  readonly above: ToldReversal[] = [];
  private readonly names: Names;
  private inherited: readonly Frame[];

  constructor(dependent: Dependent, footprints: Footprints, { base, frames }: Job) {
    super(dependent);
    this.names = new Names(this.steps, footprints);
    this.base = base;
    this.inherited = frames;
    this.arrived(0);
  }

  /** Where it stands, once `begin` has said that there is another run: the frames below its base. */
  frames(): Frame[] {
    const { execution, names, wakeup } = this;
    const frames: Frame[] = [];
    for (let depth = this.base; depth <= execution.length; depth++) {
      const explored = this.sleep.exploredAt(depth).map((step) => names.of(step));
      const taken = depth < execution.length ? names.of(execution.step[depth] as number) : undefined;
      frames.push({ explored, taken, rest: (wakeup[depth] as Branch[]).map((each) => names.branch(each)) });
    }
    return frames;
  }

  /** Above the part all of v is planned, as it is told: those to whom it is told may know of more that sleeps there. */
  protected override insert(v: Sequence, depth: number): boolean {
    if (depth >= this.base) return super.insert(v, depth);
    const isNew = insert(v, this.wakeup[depth] as Branch[], this.steps);
    if (isNew) this.above.push(this.asTold(v, depth));
    return isNew;
  }

  protected override arrived(depth: number): void {
    const frame = this.inherited[depth];
    if (frame === undefined) return;
    const { names } = this;
    const taken = frame.taken === undefined ? [] : [{ steps: [frame.taken], then: [] }];
    for (const each of frame.explored) this.sleep.explored(depth, names.step(each));
    this.wakeup[depth] = [...taken, ...frame.rest].map((each) => names.planned(each));
    // Once is enough: what comes later is this engine's own.
    if (depth === this.inherited.length - 1) this.inherited = [];
  }

  private asTold(v: Sequence, depth: number): ToldReversal {
    const { execution, names } = this;
    const steps: StepName[] = [];
    const clocks: number[][] = [];
    const before = new Array<number>(execution.threads).fill(0);
    for (const thread of execution.thread.subarray(0, depth)) before[thread] = (before[thread] as number) + 1;
    for (let i = 0; i < v.length; i++) {
      steps.push(names.of(v.step[i] as number));
      const clock = execution.clock.subarray(v.rowAt(i));
      clocks.push(before.map((events, t) => Math.max(0, (clock[t] as number) - events)));
    }
    return { depth, steps, clocks };
  }
}

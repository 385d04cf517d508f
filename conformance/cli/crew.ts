/** Who does the work of a command: this thread from the start, and others beside it when it turns out to be long. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../case/root";
import { Interrupted, type Stopper } from "./stop";
import { Thread, type Hand } from "./thread";

/** What a thread runs: the build, also where this file is not translated. */
const WORKER = join(packageRoot(), "dist", "conformance", "cli", "worker.js");

/** A thread takes most of a second until it has loaded the spec. What is over before that is done here alone. */
const WORTH_THREADS_MS = 1000;
/** A piece of work that has taken so long is worth dividing if somebody has nothing to do. */
const WORTH_DIVIDING_MS = 500;
/** How often it is looked whether the user has had enough, or somebody nothing to do. */
const GLANCE_MS = 50;

/** How many do the work, and after how many milliseconds those besides this thread begin. */
export interface Jobs {
  readonly count: number;
  readonly after: number;
  /** What the others run, if it is not this command. */
  readonly worker?: string;
}

/** This thread does it all. */
export const ALONE: Jobs = { count: 1, after: 0 };

/** As asked for; else as many as there are cores, as soon as the work has turned out to be worth it. */
export function jobsOf(asked: number | undefined): Jobs {
  return asked === undefined ? { count: availableParallelism(), after: WORTH_THREADS_MS } : { count: asked, after: 0 };
}

/** Work to be done: pieces of it come up as others are done. */
export interface Source<Task, Said, Result> {
  /** How many results there will be. */
  readonly count: number;
  /** Something to be done now, if there is. */
  next(): Task | undefined;
  /** Somebody did a piece, or threw; gives the results that are known now, by number. A piece that is to go on is divided if somebody is idle. */
  came(task: Task, said: Said, isIdle: boolean): readonly (readonly [number, Result])[];
  failed(task: Task, error: unknown): readonly (readonly [number, Result])[];
  /** Results that were known from the start. */
  known?(): readonly (readonly [number, Result])[];
  /** Called now and then. */
  glance?(pauseAll: () => void): void;
}

/** Does the work here and in as many threads besides as `jobs` allows; gives the results in order. Who was interrupted has none. */
export async function* inOrder<Task, Said, Result>(
  source: Source<Task, Said, Result>,
  here: Hand<Task, Said>,
  { count, after, worker = WORKER }: Jobs,
  stopper: Stopper,
): AsyncGenerator<Result> {
  const crew = new Crew(source, stopper);
  const threads = Array.from({ length: count - 1 }, () => new Thread<Task, Said>(worker));
  void crew.employ(here);
  const later = setTimeout(() => threads.forEach((thread) => void crew.employ(thread)), after);
  const watch = setInterval(() => crew.glance(), GLANCE_MS);
  try {
    for (const result of crew.results) {
      const known = await result.known;
      if (known !== undefined) yield known;
    }
  } finally {
    crew.dismiss();
    clearTimeout(later);
    clearInterval(watch);
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

/** A result that is not known yet; undefined if it never will be. */
class Awaited<Result> {
  settle!: (result: Result | undefined) => void;
  fail!: (error: unknown) => void;
  readonly known = new Promise<Result | undefined>((settle, fail) => void ([this.settle, this.fail] = [settle, fail]));

  constructor() {
    // Of several that go wrong, the first in order is told of.
    this.known.catch(() => undefined);
  }
}

class Crew<Task, Said, Result> {
  readonly results: readonly Awaited<Result>[];
  private left: number;
  private isDismissed = false;
  /** Who has something to do, and since when. */
  private readonly busy = new Map<Hand<Task, Said>, number>();
  private idle: (() => void)[] = [];

  constructor(
    private readonly source: Source<Task, Said, Result>,
    private readonly stopper: Stopper,
  ) {
    this.left = source.count;
    this.results = Array.from({ length: source.count }, () => new Awaited<Result>());
    this.know(source.known?.() ?? []);
  }

  /** Has somebody do what there is to do, until there will be no more. */
  async employ(hand: Hand<Task, Said>): Promise<void> {
    while (this.left > 0 && !this.isDismissed && !this.stopper.stopped) {
      const task = this.source.next();
      if (task === undefined) await new Promise<void>((resume) => void this.idle.push(resume));
      else await this.have(hand, task);
    }
  }

  glance(): void {
    if (this.stopper.stopped) for (const { settle } of this.results) settle(undefined);
    const now = performance.now();
    if (this.idle.length > 0) for (const [hand, since] of this.busy) if (now - since > WORTH_DIVIDING_MS) hand.pause();
    this.source.glance?.(() => {
      for (const hand of this.busy.keys()) hand.pause();
    });
  }

  dismiss(): void {
    this.isDismissed = true;
    this.wake();
  }

  private async have(hand: Hand<Task, Said>, task: Task): Promise<void> {
    this.busy.set(hand, performance.now());
    try {
      const said = await hand.do(task);
      this.know(this.source.came(task, said, this.idle.length > 0));
    } catch (error) {
      if (!(error instanceof Interrupted)) this.fail(task, error);
    }
    this.busy.delete(hand);
    this.wake();
  }

  private know(results: readonly (readonly [number, Result])[]): void {
    for (const [n, result] of results) {
      this.left--;
      this.results[n]?.settle(result);
    }
  }

  private fail(task: Task, error: unknown): void {
    try {
      this.know(this.source.failed(task, error));
    } catch (fatal) {
      for (const { fail } of this.results) fail(fatal);
    }
  }

  private wake(): void {
    for (const resume of this.idle.splice(0)) resume();
  }
}

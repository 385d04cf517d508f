/** Who does the work of a command: this thread from the start, and others beside it when it turns out to be long. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../case/root";
import type { Asking } from "./judging";
import { Interrupted, type Stopper } from "./stop";
import { Thread, type Hand } from "./thread";

/** A piece of work as another thread is told of it: a case of the shipped spec to be judged. */
export interface JudgeTask {
  readonly adapter: string;
  readonly case: string;
  readonly asking: Asking;
}

/** A bug to meet the cases of its rule. */
export interface BugTask {
  readonly bug: string;
}

/** What a thread runs: the build, also where this file is not translated. */
const WORKER = join(packageRoot(), "dist", "conformance", "cli", "worker.js");

/** A thread takes most of a second until it has loaded the spec. What is over before that is done here alone. */
const WORTH_THREADS_MS = 1000;

/** How often it is looked whether the user has had enough. */
const GLANCE_MS = 50;

/** How many do the work, and after how many milliseconds those besides this thread begin. */
export interface Jobs {
  readonly count: number;
  readonly after: number;
}

/** This thread does it all. */
export const ALONE: Jobs = { count: 1, after: 0 };

/** How a piece of work is done in this thread, and what it comes to if one that did it has failed. */
export interface Ways<Task, Result> {
  readonly here: (task: Task) => Promise<Result>;
  readonly orElse?: (task: Task, error: unknown) => Result;
}

/** As asked for; else as many as there are cores, as soon as the work has turned out to be worth it. */
export function jobsOf(asked: number | undefined): Jobs {
  return asked === undefined ? { count: availableParallelism(), after: WORTH_THREADS_MS } : { count: asked, after: 0 };
}

/** Does the work in this thread and in as many others as `jobs` allows; gives the results in the order of the tasks. */
export async function* inOrder<Task, Result>(
  tasks: readonly Task[],
  { here, orElse }: Ways<Task, Result>,
  { count, after }: Jobs,
  stopper: Stopper,
): AsyncGenerator<Result> {
  const threads = Array.from({ length: Math.min(count, tasks.length) - 1 }, () => new Thread<Task, Result>(WORKER));
  const results = new Results<Result>(tasks.length);
  let next = 0;
  const work = async (hand: Pick<Hand<Task, Result>, "do">): Promise<void> => {
    while (next < tasks.length && !stopper.stopped) {
      const n = next++;
      const task = tasks[n] as Task;
      const result = hand.do(task);
      await results.is(n, orElse === undefined ? result : result.catch((error: unknown) => orElse(task, error)));
    }
  };
  void work({ do: here });
  const later = setTimeout(() => threads.forEach((thread) => void work(thread)), after);
  const watch = setInterval(() => {
    if (stopper.stopped) results.interrupt();
  }, GLANCE_MS);
  try {
    for (let n = 0; n < tasks.length; n++) {
      const result = await results.of(n);
      if (result !== undefined) yield result;
    }
  } finally {
    clearTimeout(later);
    clearInterval(watch);
    next = tasks.length;
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

/** What comes of each piece of work, in any order; undefined if it was interrupted. */
class Results<Result> {
  private readonly all: Promise<Result | undefined>[] = [];
  private readonly settle: ((result: Result | undefined) => void)[] = [];
  private readonly fail: ((error: unknown) => void)[] = [];

  constructor(count: number) {
    for (let n = 0; n < count; n++) {
      const each = new Promise<Result | undefined>((settle, fail) => void ([this.settle[n], this.fail[n]] = [settle, fail]));
      // Of several that go wrong, the first in order is told of.
      each.catch(() => undefined);
      this.all.push(each);
    }
  }

  of(n: number): Promise<Result | undefined> | undefined {
    return this.all[n];
  }

  is(n: number, result: Promise<Result>): Promise<void> {
    return result.then(this.settle[n], (error: unknown) =>
      error instanceof Interrupted ? this.settle[n]?.(undefined) : this.fail[n]?.(error),
    );
  }

  /** What is not done will not be. */
  interrupt(): void {
    for (const settle of this.settle) settle(undefined);
  }
}

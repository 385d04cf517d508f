/** Threads of this process that do pieces of work, one at a time, and are kept alive in between. */
import { parentPort, Worker, workerData, type WorkerOptions } from "node:worker_threads";

/** Somebody who does pieces of work, one at a time. */
export interface Hand<Task, Result> {
  do(task: Task): Promise<Result>;
  /** Asks it to stop where it can, and say where it stands. */
  pause(): void;
}

/** Thrown when a thread ended although it had work to do. */
export class Died extends Error {
  override readonly name = "Died";
}

/** What a thread says of its piece of work. */
type Said<Result> = { readonly done: Result } | { readonly failed: string };

/** A thread that runs a module, which calls `serve`. One that died is started again for the next piece of work. */
export class Thread<Task, Result> implements Hand<Task, Result> {
  private worker: Worker | undefined;
  private readonly isPaused = new Int32Array(new SharedArrayBuffer(4));
  /** Who waits for the piece of work under way. */
  private waits: { readonly for: (said: Said<Result>) => void; readonly inVain: (error: Died) => void } | undefined;

  constructor(
    private readonly file: string,
    private readonly options: Omit<WorkerOptions, "workerData"> & { readonly workerData?: object } = {},
  ) {}

  /** Throws what the work threw, with its stack, or Died. */
  async do(task: Task): Promise<Result> {
    const worker = (this.worker ??= this.start());
    Atomics.store(this.isPaused, 0, 0);
    const said = await new Promise<Said<Result>>((resolve, reject) => {
      this.waits = { for: resolve, inVain: reject };
      worker.postMessage(task);
    });
    if ("done" in said) return said.done;
    const error = new Error(said.failed.split("\n")[0]);
    error.stack = said.failed;
    throw error;
  }

  pause(): void {
    Atomics.store(this.isPaused, 0, 1);
  }

  /** Lets the thread end by itself, so that what measures it can write; one that is in the middle of its work is ended. */
  async end(): Promise<void> {
    const { worker } = this;
    if (worker === undefined) return;
    const gone = new Promise((resume) => worker.once("exit", resume));
    if (this.waits === undefined) worker.postMessage(undefined);
    else await worker.terminate();
    await gone;
  }

  private start(): Worker {
    const worker = new Worker(this.file, { ...this.options, workerData: { ...this.options.workerData, isPaused: this.isPaused } });
    worker.on("message", (said: Said<Result>) => {
      const { waits } = this;
      this.waits = undefined;
      waits?.for(said);
    });
    worker.on("error", (error: Error) => this.died(worker, error.message));
    worker.on("exit", (code) => this.died(worker, `exit code ${code}`));
    return worker;
  }

  /** One that ends after an error is heard of twice, the second time perhaps when another has begun. */
  private died(worker: Worker, why: string): void {
    if (worker !== this.worker) return;
    const { waits } = this;
    this.waits = this.worker = undefined;
    waits?.inVain(new Died(`its thread ended: ${why}`));
  }
}

/** In a thread: whether whoever gave it its work has asked it to stop where it can. */
export function isPaused(): boolean {
  return Atomics.load((workerData as { isPaused: Int32Array }).isPaused, 0) !== 0;
}

/** In a thread: does each piece of work that comes, until there is no more. */
export function serve(work: (task: never) => unknown): void {
  parentPort?.on("message", (task: unknown) => {
    if (task === undefined) parentPort?.close();
    else void said(work, task).then((each) => parentPort?.postMessage(each));
  });
}

async function said(work: (task: never) => unknown, task: unknown): Promise<Said<unknown>> {
  try {
    return { done: await work(task as never) };
  } catch (error) {
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

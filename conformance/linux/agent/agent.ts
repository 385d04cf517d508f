/** A running agent, and the connection to it. */
import type { Readable, Writable } from "node:stream";
import { Crashed } from "../../adapter/door";
import { frame, FROM, partResults, parts, splitFrames, TO, words, type Frame } from "./frames";
import type { Program, Result } from "./program";

/** A program that does system calls for us: here, or inside a guest. */
export interface Agent {
  /** `uname -r` of the kernel that it runs on, as `6.12.94+deb13-cloud-amd64`. */
  readonly uname: string;
  /**
   * Runs a program and answers its results. Thread 0 is the one that reads our requests: nothing else is
   * heard while its program runs, so what may block belongs on another thread, which is made at its first
   * use. The programs of one thread queue up. Throws Crashed if the agent dies.
   */
  run(program: Program, thread?: number): Promise<readonly Result[]>;
  /** Interrupts what a thread other than 0 waits in: KVM_RUN with a signal mask, ppoll. Nothing happens if it has nothing to do. */
  kick(thread: number): void;
  /** Has the agent race threads by itself. Throws Crashed if the agent dies, which it does if kicks do not end a thread for 10 s. */
  race(race: Race): Promise<readonly RaceResult[]>;
  /** How it came to its end, in words; undefined while it runs. */
  died(): string | undefined;
  /** Ends it at once: whoever waits is told that it crashed, and why. */
  kill(why: string): void;
  /** Closes its input, which ends it, and waits until it has gone. */
  end(): Promise<void>;
}

/** What is raced, in `repeat` worlds one after the other. */
export interface Race {
  readonly setUp: Program;
  /** On threads 1, 2, ...: released together when the set-up is done, each after a short delay that follows from `seed`. */
  readonly threads: readonly Program[];
  /** Once all threads have finished. Who takes more than a second is kicked, and sooner if nobody is left who does not sleep. */
  readonly settle: Program;
  readonly tearDown: Program;
  readonly repeat: number;
  readonly seed: number;
}

/** What the programs of one world answered. */
export interface RaceResult {
  readonly setUp: readonly Result[];
  readonly threads: readonly (readonly Result[])[];
  readonly settle: readonly Result[];
  readonly tearDown: readonly Result[];
  /** Which of the threads had to be kicked, by their index. */
  readonly kicked: readonly number[];
}

/** An agent has threads 0 to 255. */
const THREADS = 256;

/** Causes of its death below this are signals. */
const FIRST_OWN_CAUSE = 256;

const CAUSES: Record<number, string> = {
  7: "there is no memory behind",
  11: "it may not touch",
  256: "a program or its results are larger than the 64 MiB that a thread has for them",
  257: "it was sent a frame of unknown kind",
  258: "a program has an op of unknown kind",
  259: "it did not come back from a race in 11 s, though it was kicked",
};

/** How a connection reaches what is at its other end, and ends it. */
export interface Ends {
  readonly input: Writable;
  readonly output: Readable;
  /** Ends it at once. */
  readonly kill: () => void;
  /** Why it was ended, with what else is known: its last words. */
  readonly inFull: (why: string) => string;
  /** Resolves when it has gone, now that its input is closed. */
  readonly gone: () => Promise<void>;
}

/** Waits for what an agent is doing, but ends the agent once that has taken so many milliseconds: whoever waits for it is then told. */
export async function inTime<T>(agent: Agent, milliseconds: number, what: string, done: Promise<T>): Promise<T> {
  const timer = setTimeout(() => agent.kill(`it had not ${what} after ${milliseconds / 1000} s`), milliseconds);
  try {
    return await done;
  } finally {
    clearTimeout(timer);
  }
}

/** Said of a frame after which more are to come. */
const WAIT = Symbol("wait");

/** Somebody who waits for frames of one thread. */
interface Waiting {
  /** Whether that was all. */
  readonly heard: (frame: Frame) => boolean;
  readonly fail: (error: Error) => void;
}

/** The agent at the other end of a stream. Whoever holds the process says `lost` when it has gone. */
export class Connection implements Agent {
  uname = "";
  private readonly waiting = new Map<number, Waiting[]>();
  private death: string | undefined;

  constructor(private readonly ends: Ends) {
    ends.output.on(
      "data",
      splitFrames((each) => this.heard(each)),
    );
    // What cannot be written any more is known from the end of the process.
    ends.input.on("error", () => undefined);
  }

  /** Waits for the agent's first words. Throws Crashed if it dies instead. */
  async hello(): Promise<void> {
    this.uname = await this.expect(0, ({ kind, body }) => (kind === FROM.hello ? body.toString("latin1").replace(/\0+$/, "") : undefined));
  }

  async run(program: Program, thread = 0): Promise<readonly Result[]> {
    this.send(frame(TO.run, known(thread, 0), program.encoded()));
    return this.expect(thread, ({ kind, body }) => (kind === FROM.done ? program.decoded(body) : undefined));
  }

  kick(thread: number): void {
    this.send(frame(TO.kick, known(thread, 1)));
  }

  async race({ setUp, threads, settle, tearDown, repeat, seed }: Race): Promise<readonly RaceResult[]> {
    known(threads.length, 1);
    const programs = [setUp, settle, tearDown, ...threads];
    this.send(frame(TO.race, 0, words(repeat, seed), parts(programs)));
    const worlds: RaceResult[] = [];
    return this.expect(0, ({ kind, body }) => {
      if (kind !== FROM.world) return undefined;
      worlds.push(raceResult(partResults(programs, body)));
      return worlds.length === repeat ? worlds : WAIT;
    });
  }

  died(): string | undefined {
    return this.death;
  }

  kill(why: string): void {
    this.lost(this.ends.inFull(why));
    this.ends.kill();
  }

  async end(): Promise<void> {
    this.death ??= "it was told to end";
    this.ends.input.end();
    await this.ends.gone();
  }

  /** It is no more: everybody who waits is told. What it was first known to have died of counts. */
  lost(why: string): void {
    this.death ??= why;
    const all = [...this.waiting.values()].flat();
    this.waiting.clear();
    for (const { fail } of all) fail(new Crashed(this.death));
  }

  private heard(frame: Frame): void {
    if (frame.kind === FROM.dying) return this.lost(lastWords(frame));
    const queue = this.waiting.get(frame.thread) ?? [];
    try {
      if (queue[0] === undefined) throw new RangeError(`it sent a frame of kind ${frame.kind} that nobody waits for`);
      if (queue[0].heard(frame)) queue.shift();
    } catch (error) {
      this.kill(error instanceof Error ? error.message : String(error));
    }
  }

  private send(bytes: Buffer): void {
    if (this.death === undefined) this.ends.input.write(bytes);
  }

  /** The next answer of a thread, after those that others wait for. `read` says undefined to a frame that it cannot be. */
  private expect<T>(thread: number, read: (frame: Frame) => T | typeof WAIT | undefined): Promise<T> {
    return new Promise((answer, fail) => {
      if (this.death !== undefined) return fail(new Crashed(this.death));
      const heard = (frame: Frame): boolean => {
        const value = read(frame);
        if (value === undefined) throw new RangeError(`it sent a frame of kind ${frame.kind} that nobody waits for`);
        if (value === WAIT) return false;
        answer(value);
        return true;
      };
      const queue = this.waiting.get(thread) ?? [];
      this.waiting.set(thread, queue);
      queue.push({ heard, fail });
    });
  }
}

function raceResult([setUp, settle, tearDown, ...threads]: ReturnType<typeof partResults>): RaceResult {
  return {
    setUp: setUp?.results ?? [],
    settle: settle?.results ?? [],
    tearDown: tearDown?.results ?? [],
    threads: threads.map((each) => each.results),
    kicked: [...threads.keys()].filter((i) => threads[i]?.late),
  };
}

/** What the agent says when it dies: {u64 cause, u64 address, u64 op}. */
function lastWords({ thread, body }: Frame): string {
  const cause = Number(body.readBigUInt64LE(0));
  const what = CAUSES[cause] ?? `signal ${cause}`;
  const where = cause < FIRST_OWN_CAUSE ? ` address 0x${body.readBigUInt64LE(8).toString(16)}` : "";
  return `the agent died in op ${body.readBigUInt64LE(16)} of a program of thread ${thread}: ${what}${where}`;
}

function known(thread: number, least: number): number {
  if (!(Number.isInteger(thread) && thread >= least && thread < THREADS))
    throw new RangeError(`there is no such thread as ${thread}: here it is one of ${least} to ${THREADS - 1}`);
  return thread;
}

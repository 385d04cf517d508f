/** An adapter that is a process: one JSON object a line each way, a deadline for each request, nothing trusted. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import type { HelloReply, Reply, Request } from "../../spec/generated/types";
import { wrongWithReply, wrongWithRequest } from "./checked";
import { answered, Crashed, Overdue } from "./door";
import { splitLines } from "./lines";
import type { Remote } from "./remote";

/** How much is borne with. Times are in milliseconds. */
export interface Patience {
  /** For the answer to one request. */
  readonly deadline: number;
  /** Between SIGTERM and SIGKILL, and for the end after the last request. */
  readonly grace: number;
  /** Characters in one line. */
  readonly line: number;
  /** How often the process is started again after it died. */
  readonly restarts: number;
}

export const PATIENCE: Patience = { deadline: 10_000, grace: 1_000, line: 1 << 20, restarts: 10 };

/** How many lines of stderr are kept. */
const LOG_LINES = 40;
/** How long output may still come after the process has ended. */
const LAST_WORDS = 200;

interface Waiting {
  readonly request: Request;
  readonly answer: (reply: Reply) => void;
  readonly fail: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** A process that answers requests. One that died is started again by the next `open`, within limits. */
export class Child implements Remote {
  /** The last lines of its stderr: its log, never a verdict. */
  readonly log: string[] = [];
  private process: ChildProcessWithoutNullStreams | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;
  private deaths = 0;
  private greeting: string | undefined;
  private ending = false;

  constructor(
    private readonly command: readonly string[],
    private readonly patience = PATIENCE,
  ) {}

  isRunning(): boolean {
    return this.process !== undefined;
  }

  died(): number {
    return this.deaths;
  }

  hasGivenUp(): boolean {
    return !this.isRunning() && this.deaths > this.patience.restarts;
  }

  async hello(): Promise<HelloReply> {
    this.start();
    const reply = answered<HelloReply>(await this.send({ op: "hello", protocol: 1, runner: "kvm-conform" }));
    const { id: _, ...greeting } = reply;
    this.greeting ??= JSON.stringify(greeting);
    if (this.greeting !== JSON.stringify(greeting)) throw this.fails("it says something else of itself after it was started again");
    return reply;
  }

  readonly ask = async (request: Request): Promise<Reply> => {
    if (!this.isRunning()) {
      if (request.op !== "open") throw new Crashed("it is not running");
      if (this.hasGivenUp()) throw new Crashed(`it died ${this.deaths} times, and is not started again`);
      await this.hello();
    }
    return this.send(request);
  };

  async end(): Promise<void> {
    const { process: child } = this;
    if (child === undefined) return;
    this.ending = true;
    const ended = new Promise<void>((resolve) =>
      child.once("close", () => {
        resolve();
      }),
    );
    const timer = setTimeout(() => {
      this.kill();
    }, this.patience.grace);
    child.stdin.end();
    await ended;
    clearTimeout(timer);
  }

  private start(): void {
    const [program = "", ...args] = this.command;
    // A process group of its own, so that what it started is ended with it.
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    this.process = child;
    const died = (what: string): void => {
      if (this.process === child) this.fails(what);
    };
    this.listen(child, died);
    const gone = (code: number | null, signal: string | null): void => {
      died(signal === null ? `it exited with status ${code ?? "unknown"}` : `it was ended by ${signal}`);
      // Whoever left the group may still hold the other ends; nobody listens any more.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    child.on("error", (error) => {
      died(`it cannot be started: ${error.message}`);
    });
    child.once("close", gone);
    const killGroup = (): void => signalGroup(child, "SIGKILL");
    process.once("exit", killGroup);
    child.once("exit", (code, signal) => {
      // What it started and left behind ends with it, even what ignores SIGTERM.
      killGroup();
      process.removeListener("exit", killGroup);
      setTimeout(gone, LAST_WORDS, code, signal).unref();
    });
  }

  private listen(child: ChildProcessWithoutNullStreams, died: (what: string) => void): void {
    const { line: most } = this.patience;
    const heard = (line: string): void => {
      if (this.process === child) this.heard(line);
    };
    const tooLong = (start: string): void => {
      died(`it wrote a line longer than ${most} characters: ${quoted(start)}`);
    };
    const note = (line: string): void => {
      this.log.push(line);
      if (this.log.length > LOG_LINES) this.log.shift();
    };
    // What cannot be written any more is known from the end of the process.
    child.stdin.on("error", () => undefined);
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", splitLines(most, heard, tooLong));
    child.stdout.once("end", () => setTimeout(died, LAST_WORDS, "it closed its stdout").unref());
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", splitLines(most, note, note));
  }

  private send(request: Request): Promise<Reply> {
    const wrong = wrongWithRequest(request);
    if (wrong !== undefined) throw new Error(`the runner made a request that does not fit the schema: ${wrong}`);
    const id = ++this.asked;
    return new Promise((answer, fail) => {
      const timer = setTimeout(() => {
        this.overdue(id);
      }, this.patience.deadline);
      this.waiting.set(id, { request: { ...request }, answer, fail, timer });
      this.process?.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  private heard(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.fails(`it wrote ${quoted(line)} to stdout, which is not JSON: stdout is for replies, log to stderr`);
      return;
    }
    const id = typeof message === "object" && message !== null && "id" in message ? message.id : undefined;
    const waiting = typeof id === "number" ? this.waiting.get(id) : undefined;
    if (waiting === undefined) {
      this.fails(`it wrote ${quoted(line)}, which repeats the id of no request that waits for an answer`);
      return;
    }
    const wrong = wrongWithReply(waiting.request.op, message);
    if (wrong !== undefined) {
      this.fails(`its reply ${quoted(line)} to ${waiting.request.op} does not fit the schema: ${wrong}`);
      return;
    }
    clearTimeout(waiting.timer);
    this.waiting.delete(Number(id));
    waiting.answer(message as Reply);
  }

  private overdue(id: number): void {
    const waiting = this.waiting.get(id);
    if (waiting !== undefined) this.down(new Overdue(waiting.request, this.patience.deadline));
  }

  /** It is no use any more: everybody who waits is told, and the process is ended. */
  private fails(what: string): Crashed {
    const last = this.log.slice(-5);
    const error = new Crashed(last.length === 0 ? what : `${what}; the last it logged: ${last.join(" | ")}`);
    this.down(error);
    return error;
  }

  private down(error: Error): void {
    if (!this.ending) this.deaths++;
    this.kill();
    this.process = undefined;
    for (const { timer, fail } of this.waiting.values()) {
      clearTimeout(timer);
      fail(error);
    }
    this.waiting.clear();
  }

  private kill(): void {
    const { process: child } = this;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    signalGroup(child, "SIGTERM");
    const timer = setTimeout(() => {
      signalGroup(child, "SIGKILL");
    }, this.patience.grace);
    child.once("exit", () => {
      clearTimeout(timer);
    });
  }
}

function signalGroup({ pid }: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

function quoted(line: string): string {
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}...` : line);
}

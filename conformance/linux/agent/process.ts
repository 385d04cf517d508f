/** Processes that are agents, or have one inside. */
import { spawn } from "node:child_process";
import { splitLines } from "../../adapter/lines";
import { Connection, inTime, type Agent } from "./agent";

/** How to start one, and how long it may take. Times are in milliseconds. */
export interface Start {
  readonly command: readonly string[];
  /** Until it says hello. */
  readonly patience: number;
  /** What else is known about its end, beside its stderr. */
  readonly remarks?: () => string;
  /** Called when it has gone. */
  readonly gone?: () => void;
}

/** From the end of its input until it is killed. */
const GRACE = 2_000;
const LOG_LINES = 20;
const LINE = 4096;

/**
 * Starts a process and waits for the agent's hello. Throws Crashed, with its last words, if none comes.
 * It is in a process group of its own, so that Ctrl-C is ours to handle; the agent sees to it that it
 * does not outlive this process.
 */
export async function startAgent(start: Start): Promise<Agent> {
  const [program = "", ...args] = start.command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const log: string[] = [];
  const note = (line: string): void => {
    if (log.push(line) > LOG_LINES) log.shift();
  };
  child.stderr.setEncoding("utf8").on("data", splitLines(LINE, note, note));

  const kill = (): void => void child.kill("SIGKILL");
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const gone = async (): Promise<void> => {
    const timer = setTimeout(kill, GRACE);
    await closed;
    clearTimeout(timer);
  };
  const inFull = (why: string): string => [why, ...log, start.remarks?.() ?? ""].filter((each) => each !== "").join("; ");
  const agent = new Connection({ input: child.stdin, output: child.stdout, kill, inFull, gone });
  const lost = (how: string): void => agent.lost(inFull(how));
  child.once("error", (error) => lost(`it cannot be started: ${error.message}`));
  child.once("close", (code, signal) => {
    lost(signal === null ? `it exited with status ${code ?? "unknown"}` : `it was ended by ${signal}`);
    start.gone?.();
  });

  await inTime(agent, start.patience, "said hello", agent.hello());
  return agent;
}

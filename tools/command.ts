/** The command line as a user meets it: for tests of what it prints, writes and leaves behind. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLog, type Log } from "../conformance/report/events";

const ROOT = join(__dirname, "..");
const COMMAND = join(ROOT, "bin/kvm-conform.js");

/** Without colours, which jest may force, and without a warning of Node's own where a machine has certificates of its own. */
const ENV: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, NODE_EXTRA_CA_CERTS: undefined };

/** What a command came to. */
export interface Came {
  /** The exit code; null if it had to be ended. */
  readonly status: number | null;
  readonly stdout: string;
  /** Without the lines that say what is being set up. */
  readonly stderr: string;
}

/** What `run` came to, with its event log. */
export interface Judged extends Came {
  readonly log: Log;
}

/** A command that runs. */
export interface Started {
  /** What it comes to in the end. */
  readonly came: Promise<Came>;
  /** What it has printed so far. */
  soFar(): string;
  /** As Ctrl-C does. */
  interrupt(): void;
}

/** Runs `npx kvm-conform` with these arguments, from the root of the project. */
export function kvmConform(...args: readonly string[]): Came {
  return waitFor(process.execPath, [COMMAND, ...args], {});
}

/** Runs a line of shell in the root of the project; `npx kvm-conform` is the command that is there. */
export function shell(line: string, env: NodeJS.ProcessEnv = {}): Came {
  return waitFor("sh", ["-c", `npx() { shift; "${process.execPath}" "${COMMAND}" "$@"; }\n${line}`], env);
}

function waitFor(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Came {
  const options = { cwd: ROOT, encoding: "utf8", env: { ...ENV, ...env }, timeout: 120_000 } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  return { status, stdout, stderr: withoutSetup(stderr) };
}

function withoutSetup(stderr: string): string {
  return stderr.replaceAll(/^setup: .*\n/gm, "");
}

/** Starts `npx kvm-conform` with these arguments. */
export function startKvmConform(...args: readonly string[]): Started {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: ROOT, env: ENV });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => void (output[name] += text));
  const came = new Promise<Came>((done) =>
    child.once("close", (status) => done({ status, stdout: output.stdout, stderr: withoutSetup(output.stderr) })),
  );
  return { came, soFar: () => output.stdout, interrupt: () => void child.kill("SIGINT") };
}

/** Waits until something is so; the test's own time limit ends a wait in vain. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resume) => setTimeout(resume, 10));
}

/** Which of these processes run, after they have been given two seconds to end. */
export async function stillRunning(pids: readonly number[]): Promise<number[]> {
  const runs = (pid: number): boolean => /^[^Z\s]/.test(spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout);
  const deadline = Date.now() + 2000;
  while (pids.some(runs) && Date.now() < deadline) await new Promise((resume) => setTimeout(resume, 50));
  return pids.filter(runs);
}

/** Runs `npx kvm-conform run` and reads its log back. Throws, with what was printed, if there is none. */
export function judge(adapter: string, ...args: readonly string[]): Judged {
  const out = mkdtempSync(join(tmpdir(), "kvm-conform-judged-"));
  try {
    const came = kvmConform("run", "--adapter", adapter, "--out", out, ...args);
    const file = join(out, "results.ndjson");
    if (!existsSync(file)) throw new Error(`no log was written (exit code ${came.status}):\n${came.stdout}${came.stderr}`);
    return { ...came, log: readLog(readFileSync(file, "utf8"), file) };
  } finally {
    rmSync(out, { recursive: true });
  }
}

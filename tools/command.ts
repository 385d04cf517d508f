/** The command line as a user meets it: for tests of what it prints, writes and leaves behind. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLog, type Log } from "../conformance/report/events";

const ROOT = join(__dirname, "..");

/** What a command came to. */
export interface Came {
  /** The exit code; null if it had to be ended. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `run` came to, with its event log. */
export interface Judged extends Came {
  readonly log: Log;
}

/** Runs `npx kvm-conform` with these arguments, from the root of the project. */
export function kvmConform(...args: readonly string[]): Came {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin/kvm-conform.js"), ...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 120_000,
  });
  return { status, stdout, stderr };
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

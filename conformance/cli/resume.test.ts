/** A run that was killed goes on where it stood, and comes to what it would have come to. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kvmConform, until } from "../../tools/command";
import { packageRoot } from "../case/root";
import { readLog, type Log } from "../report/events";

jest.setTimeout(120_000);

const ROOT = packageRoot();
const CASES = ["--case", "apicv/a-vcpu-follows-the-mask-before-it-enters", "--case", "vcpuid/the-limit-is-set-once"];

let out: string;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "kvm-conform-resume-"));
});

afterEach(() => rmSync(out, { recursive: true }));

const kept = (): string => join(out, "resume.json");

/** The reference, which takes its time as long as there is a file that says so. */
function slowly(): { readonly adapter: string; readonly slow: string } {
  const [adapter, slow] = [join(out, "slow.cjs"), join(out, "slow")];
  const lines = [
    'const { existsSync } = require("node:fs");',
    `const { door } = require(${JSON.stringify(join(ROOT, "dist/reference/default.js"))}).default;`,
    `const slow = existsSync(${JSON.stringify(slow)});`,
    "const wait = () => { for (const end = performance.now() + 1.5; performance.now() < end; ); };",
    "module.exports = { door: () => { const answer = door(); return (request) => { if (slow && request.op === 'step') wait(); return answer(request); }; } };",
  ];
  writeFileSync(adapter, lines.join("\n"));
  writeFileSync(slow, "");
  return { adapter, slow };
}

function log(): Log {
  return readLog(readFileSync(join(out, "results.ndjson"), "utf8"), "log");
}

/** What was found, without the time that it took. */
function found({ verdicts }: Log): unknown[] {
  return verdicts.map(({ seconds: _, how, marks, nested, ...rest }) => ({
    ...rest,
    how: { ...how, steps: 0 },
    marks: new Set(marks),
    nested: new Set(nested),
  }));
}

/** Runs until there is something of a case that was begun, and ends it; gives the exit code. */
async function ended(adapter: string, signal: NodeJS.Signals): Promise<number | null> {
  const args = ["bin/kvm-conform.js", "run", "--digest", "--jobs", "1", "--out", out, "--adapter", adapter, ...CASES];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "ignore" });
  await until(() => existsSync(kept()) && /"parts":\[\{"case"/.test(readFileSync(kept(), "utf8")));
  child.kill(signal);
  const [status] = (await once(child, "close")) as [number | null];
  return status;
}

test("after kill -9 in the middle of a case, --resume comes to the same runs, ends and digest", async () => {
  const { adapter, slow } = slowly();
  await ended(adapter, "SIGKILL");
  expect(log().footer).toBeUndefined();
  rmSync(slow);
  const { status, stdout } = kvmConform("run", "--digest", "--resume", "--jobs", "1", "--out", out, "--adapter", adapter, ...CASES);
  expect(stdout).toMatch(/^resumed: \d of 2 cases were judged, 1 begun$/m);
  expect(status).toBe(0);
  const resumed = found(log());
  expect(existsSync(kept())).toBe(false);
  kvmConform("run", "--digest", "--jobs", "1", "--out", out, "--adapter", adapter, ...CASES);
  expect(resumed).toEqual(found(log()));
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s closes the log of what was judged so far, and --resume goes on from there",
  async (signal) => {
    const { adapter, slow } = slowly();
    expect(await ended(adapter, signal)).toBe(130);
    expect(log().footer).toMatchObject({ interrupted: true });
    rmSync(slow);
    const { status, stdout } = kvmConform("run", "--digest", "--resume", "--jobs", "1", "--out", out, "--adapter", adapter, ...CASES);
    expect(stdout).toMatch(/^resumed: /m);
    expect([status, log().footer?.interrupted]).toEqual([0, false]);
  },
);

test("what was cut short is not gone on with if anything changed, if it is damaged, or if nobody asks; each is said", async () => {
  const { adapter, slow } = slowly();
  await ended(adapter, "SIGKILL");
  rmSync(slow);
  const kill9 = readFileSync(kept());
  const again = (...args: string[]): string => {
    writeFileSync(kept(), kill9);
    return kvmConform("run", "--digest", "--jobs", "1", "--out", out, "--adapter", adapter, ...CASES, ...args).stdout;
  };
  expect(again("--resume", "--seed", "9")).toMatch(/^not resumed: what is asked changed since .*; starting anew$/m);
  expect(again()).toMatch(/^a run was cut short here; --resume goes on with one/m);
  writeFileSync(adapter, `${readFileSync(adapter, "utf8")}\n`);
  expect(again("--resume")).toMatch(/^not resumed: the runner or the implementation changed since/m);
  writeFileSync(kept(), kill9.subarray(0, 100));
  const { stdout } = kvmConform("run", "--resume", "--jobs", "1", "--out", out, "--adapter", adapter, ...CASES);
  expect(stdout).toMatch(/^not resumed: .*resume.json is damaged \(.*\); starting anew$/m);
  expect(kvmConform("run", "--resume", "--case", "vcpuid/the-limit-is-set-once").stdout).toMatch(/^nothing to resume: without --out/m);
});

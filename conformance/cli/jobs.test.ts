/** Several threads judge as one does. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kvmConform, startKvmConform, until, type Came } from "../../tools/command";
import { packageRoot } from "../case/root";
import { readLog, type Log } from "../report/events";

jest.setTimeout(120_000);

let out: string;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "kvm-conform-jobs-"));
});

afterEach(() => rmSync(out, { recursive: true }));

interface Ran extends Came {
  readonly log: Log;
}

/** What is said of a run that takes long. */
const HEARTBEAT = /^\d+ of \d+ cases, \d+ s.*\n/gm;

/** What so many threads print and write, without the time that it took. */
function run(jobs: number, ...args: readonly string[]): Ran {
  const came = kvmConform("run", "--jobs", String(jobs), "--out", out, ...args);
  const timeless = (text: string): string => text.replaceAll(/"seconds":[\d.e-]+/g, "").replaceAll(/[\d.]+ s$/gm, "");
  const log = readFileSync(join(out, "results.ndjson"), "utf8");
  const stderr = came.stderr.replaceAll(HEARTBEAT, "");
  return {
    ...came,
    stdout: timeless(came.stdout),
    stderr,
    log: readLog(timeless(log).replaceAll(/,}/g, "}").replaceAll(",,", ","), "log"),
  };
}

test.each<[string, string[], number]>([
  ["cases that hold", ["--area", "vcpuid,ipiv", "--digest"], 0],
  [
    "cases up to the first that is broken",
    ["--area", "vcpuid", "--fail-fast", "--adapter", "fixtures/bugs/vcpuid/the-last-limit-wins-03a"],
    1,
  ],
  ["an adapter that is a process", ["--case", "vcpuid/the-limit-is-*", "--adapter", "node fixtures/faux/rude.js none"], 0],
])("%s: the report, the log and the exit code are the same", (_, args, code) => {
  const [one, two] = [run(1, ...args), run(2, ...args)];
  expect(two).toEqual(one);
  expect(one.status).toBe(code);
});

test("a digest is told if it is asked for, and is the same however the case was explored", () => {
  const [first, second] = [[], ["--strategy", "sleep-sets"]].map(
    (how) => kvmConform("run", "--digest", "--case", "ipiv/one-creation-fails-beside-another", ...how).stdout,
  );
  const digest = /digest [0-9a-f]{16}$/m.exec(first ?? "")?.[0];
  expect(digest).toBeDefined();
  expect(second).toContain(digest);
});

test("a case that takes its thread with it has crashed, and says so; the others keep their verdicts", () => {
  const adapter = join(out, "exits.cjs");
  const lines = [
    'const { isMainThread } = require("node:worker_threads");',
    `const { door } = require(${JSON.stringify(join(packageRoot(), "dist/reference/default.js"))}).default;`,
    "const exits = (answer) => (request) => (request.op === 'open' && !isMainThread ? process.exit(7) : answer(request));",
    "module.exports = { door: () => exits(door()) };",
  ];
  writeFileSync(adapter, lines.join("\n"));
  const { log, stdout } = run(2, "--adapter", adapter, "--area", "vcpuid");
  const crashed = log.verdicts.filter(({ verdict }) => verdict === "crashed");
  expect(crashed.length).toBeGreaterThan(0);
  expect(new Set(crashed.map(({ reason }) => reason))).toEqual(new Set(["its thread ended: exit code 7"]));
  expect(stdout).toMatch(/^crashed +vcpuid\/.* its thread ended: exit code 7$/m);
  expect(log.verdicts).toHaveLength(log.header.selected);
});

test("Ctrl-C ends all threads, and keeps what was judged", async () => {
  const command = startKvmConform("run", "--jobs", "2", "--out", out);
  const file = join(out, "results.ndjson");
  await until(() => existsSync(file) && readFileSync(file, "utf8").includes('"verdict"'));
  command.interrupt();
  const { status, stderr } = await command.came;
  expect(stderr).toBe("");
  expect(status).toBe(130);
  const { verdicts, footer, header } = readLog(readFileSync(file, "utf8"), "log");
  expect(verdicts.length).toBeLessThan(header.selected);
  expect(footer).toMatchObject({ counts: { holds: verdicts.length }, interrupted: true });
});

test("bugs are met by several threads as by one", () => {
  const [one, two] = [1, 2].map((jobs) => kvmConform("bugs", "--area", "vcpuid", "--jobs", String(jobs)));
  expect(two).toEqual(one);
  expect(one?.stdout).toMatch(/\d+ of \d+ bugs caught/);
});

/** The command line as its users meet it: what they type wrong, and when they have seen enough. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kvmConform, shell, startKvmConform, until } from "../../tools/command";
import { readLog, type Log } from "../report/events";

const CASE = "vcpuid/the-limit-is-set-once";
/** It takes seconds. */
const LONG = "apicpg/a-vcpu-never-runs-with-a-stale-translation";

jest.setTimeout(60_000);

let out: string;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "kvm-conform-main-"));
});

afterEach(() => rmSync(out, { recursive: true }));

const logFile = (): string => join(out, "results.ndjson");

function log(): Log {
  return readLog(readFileSync(logFile(), "utf8"), "log");
}

test.each<[string, string[], string]>([
  ["a misspelt command", ["rnu"], "(Did you mean run?)"],
  ["a misspelt option", ["run", "--adaptr", "reference"], "(Did you mean --adapter?)"],
  ["a pattern that matches nothing", ["run", "--case", "vcpuid/the-limit-is-set-onec"], `did you mean ${CASE}?`],
  ["an unknown rule", ["explain", "apicv.inhibit.kick-frist"], "did you mean apicv.inhibit.kick-first?"],
  ["a deadline that is no number", ["run", "--timeout-multiplier", "soon"], "It takes a number above 0"],
  ["a version that is none", ["run", "--as", "newest"], "It takes a kernel version, as v6.1"],
  ["a schedule that is none", ["replay", CASE, "0?"], 'character 2 is "?"'],
  ["a bug that is not there", ["run", "--adapter", "fixtures/bugs/apicv/nope"], "kvm-conform list --fixtures"],
  ["a module that is not there", ["run", "--adapter", "./nope.js"], "there is no module ./nope.js"],
  ["an option of KVM that there is not", ["run", "--adapter", "kvm:qeum"], "did you mean qemu?"],
  ["an area without bugs", ["bugs", "--area", "vcpu"], "no bug is in vcpu"],
])("%s is the user's to mend: exit code 2, and a way forward", (_, args, hint) => {
  const { status, stdout, stderr } = kvmConform(...args);
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(hint);
  expect(stderr).not.toMatch(/^ {4}at /m);
});

test("a file of the spec that is wrong is 2", () => {
  expect(kvmConform("check", "spec/invalid/CASE-012-unknown-call.yaml").status).toBe(2);
});

test("an adapter that cannot be started is 3", () => {
  const { status, stderr } = kvmConform("run", "--adapter", "/nowhere/adapter");
  expect(status).toBe(3);
  expect(stderr).toContain("error: the adapter: it cannot be started");
});

test("a schedule that does not fit the case is told of, and judges nothing", () => {
  const { status, stdout } = kvmConform("replay", CASE, "9");
  expect(status).toBe(4);
  expect(stdout).toContain("the schedule no longer fits after step 0: thread 9 cannot go on there; what is left of it shows no failure");
});

test("help is no mistake", () => {
  const { status, stdout } = kvmConform("--help");
  expect(status).toBe(0);
  expect(stdout).toContain("replay [options] <case> <schedule>");
});

test("Ctrl-C in the middle of a long case closes the report", async () => {
  const command = startKvmConform("run", "--case", LONG, "--out", out);
  await until(() => existsSync(logFile()) && readFileSync(logFile(), "utf8").includes("\n"));
  command.interrupt();
  const { status, stdout, stderr } = await command.came;
  expect(status).toBe(130);
  expect(log()).toMatchObject({ verdicts: [], footer: { counts: {}, interrupted: true } });
  expect(existsSync(join(out, "junit.xml"))).toBe(true);
  expect(stdout).toContain("reference: nothing judged, 1 not judged (interrupted)");
  expect(stderr).toBe("");
});

test("Ctrl-C between short cases keeps those that were judged", async () => {
  const command = startKvmConform("run", "--out", out);
  await until(() => existsSync(logFile()) && readFileSync(logFile(), "utf8").includes('"verdict"'));
  command.interrupt();
  expect((await command.came).status).toBe(130);
  const { verdicts, footer, header } = log();
  expect(verdicts.length).toBeGreaterThan(0);
  expect(verdicts.length).toBeLessThan(header.selected);
  expect(footer).toMatchObject({ counts: { holds: verdicts.length }, interrupted: true });
});

test("Ctrl-C ends the other commands too, without a stack trace", async () => {
  const command = startKvmConform("bugs");
  await until(() => command.soFar().includes("caught"));
  command.interrupt();
  const { status, stderr } = await command.came;
  expect(status).toBe(130);
  expect(stderr).toBe("");
});

test("a reader who has seen enough ends the run, without a stack trace", () => {
  const { stdout, stderr } = shell(`{ npx kvm-conform run --out "${out}"; echo "status $?" >&2; } | head -1`);
  expect(stdout).toMatch(/^holds .*\n$/);
  expect(stderr).toBe("status 0\n");
  expect(log().footer).toBeUndefined();
});

test("colours are for those who want them: NO_COLOR wins", () => {
  const colour = "\u001b[";
  expect(shell(`npx kvm-conform run --case ${CASE}`, { FORCE_COLOR: "1", NO_COLOR: "" }).stdout).toContain(colour);
  expect(shell(`npx kvm-conform run --case ${CASE}`, { FORCE_COLOR: "1", NO_COLOR: "1" }).stdout).not.toContain(colour);
  expect(shell(`npx kvm-conform run --case ${CASE} | cat`, { CI: "", NO_COLOR: "" }).stdout).not.toContain(colour);
});

/** KVM that cannot be asked: whoever says hello to it is told why, and what gets what is missing. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shell } from "../../tools/command";
import { bareMachine, plantKernel } from "../../tools/machine";
import { Crashed } from "../adapter/door";
import type { Machine } from "./host/machine";
import { startKvm, type KvmOptions } from "./start";

let folder: string;
let machine: Machine;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kvm-conform-start-"));
  machine = bareMachine(folder);
});

afterEach(() => rmSync(folder, { recursive: true }));

/** What is said instead of hello. */
async function refusal(where: KvmOptions["where"]): Promise<string> {
  const remote = await startKvm({ where, avic: false, patience: 1 }, machine);
  const error = await remote.hello().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Crashed);
  await remote.end();
  return (error as Crashed).message;
}

test("without the device", async () => {
  expect(await refusal("here")).toMatch(new RegExp(`^there is no ${machine.kvm}: `));
});

test("without an agent", async () => {
  writeFileSync(machine.kvm, "");
  writeFileSync(join(folder, "missing"), "there is no gcc on PATH");
  machine = { ...machine, built: folder };
  expect(await refusal("here")).toBe("there is no gcc on PATH");
});

test("without a kernel in the cache", async () => {
  expect(await refusal("qemu")).toBe(`Linux 6.12 is not in ${machine.cache}: \`kvm-conform kvm-setup\` fetches it`);
});

test("without QEMU", async () => {
  plantKernel(machine, "6.12");
  expect(await refusal("qemu")).toBe("there is no qemu-system-x86_64 on PATH: `kvm-conform kvm-setup` installs it");
});

test("the command ends with 3, and says no more than that", () => {
  const { status, stderr } = shell("npx kvm-conform run --adapter kvm:qemu --case 'vcpuid/*'", { XDG_CACHE_HOME: folder });
  expect(stderr).toBe(`error: the adapter: Linux 6.12 is not in ${join(folder, "kvm-conform")}: \`kvm-conform kvm-setup\` fetches it\n`);
  expect(status).toBe(3);
});

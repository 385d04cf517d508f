/** Machines that lack one thing or another: what is said of it, what gets it, and the exit code. */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shell } from "../../tools/command";
import { bareMachine, plantCommand, plantKernel } from "../../tools/machine";
import { needs } from "../../tools/needs";
import { checkDevice } from "../linux/host/device";
import type { Machine } from "../linux/host/machine";
import { doctor } from "./doctor";

const onLinux = needs("linux-x64", "gcc");
const NOBODY = 65534;

let folder: string;
let machine: Machine;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kvm-conform-doctor-"));
  chmodSync(folder, 0o755);
  machine = bareMachine(folder);
});

afterEach(() => rmSync(folder, { recursive: true }));

/** What it says of each thing, by its name. */
async function asked(of = machine): Promise<{ status: number; says: Record<string, string> }> {
  const lines: string[] = [];
  const status = await doctor((line) => lines.push(line), of);
  // eslint-disable-next-line no-control-regex -- colours
  const plain = lines.map((line) => line.replace(/\u001b\[\d+m/g, ""));
  const entries = plain
    .map((line) => /^(there|missing) +(\S+(?: \S+)?) {2,}(.*)$/.exec(line))
    .map((match) => [match?.[2], `${match?.[1]}: ${match?.[3]}`]);
  return { status, says: Object.fromEntries(entries) as Record<string, string> };
}

/** Opens the device as somebody who is not root, and answers what is said against it. */
function refused(): string {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    checkDevice(machine);
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

onLinux("of a machine with nothing each thing is named, with what gets it", async () => {
  const { status, says } = await asked();
  expect(status).toBe(3);
  expect(says).toEqual({
    agent: expect.stringMatching(/^there: built: \//) as string,
    [machine.kvm]: expect.stringMatching(/^missing: there is no .*(modprobe kvm_(amd|intel)`|`--adapter kvm:qemu` needs none)/) as string,
    QEMU: "missing: there is no qemu-system-x86_64 on PATH: `kvm-conform kvm-setup` installs it",
    "Linux 6.12": `missing: Linux 6.12 is not in ${machine.cache}: \`kvm-conform kvm-setup\` fetches it`,
    "Linux 6.1": `missing: Linux 6.1 is not in ${machine.cache}: \`kvm-conform kvm-setup\` fetches it`,
  });
});

needs(
  "linux-x64",
  "gcc",
  "/dev/kvm",
)("of a machine with everything versions and capabilities are told", async () => {
  plantCommand(machine, "qemu-system-x86_64", "echo 'QEMU emulator version 7.2.22 (Debian)'");
  plantKernel(machine, "6.12");
  plantKernel(machine, "6.1");
  const { status, says } = await asked({ ...machine, kvm: "/dev/kvm" });
  expect(status).toBe(0);
  expect(says["/dev/kvm"]).toMatch(
    /^there: API version 12 of Linux \S+, MAX_VCPU_ID \d+, XEN_HVM \d+, HYPERV_SYNIC \d+, NESTED_STATE \d+$/,
  );
  expect(says["QEMU"]).toBe(`there: version 7.2.22 (${join(folder, "bin/qemu-system-x86_64")})`);
  expect(says["Linux 6.1"]).toBe(`there: Debian's 1-1, uname -r 6.1.1 (${join(machine.cache, "linux-6.1")})`);
});

test("without an agent it is told what the build said", async () => {
  writeFileSync(join(folder, "missing"), "there is no gcc on PATH to build the agent with");
  const { status, says } = await asked({ ...machine, built: folder });
  expect(status).toBe(3);
  expect(says["agent"]).toBe("missing: there is no gcc on PATH to build the agent with");
});

onLinux("a device that is not KVM's is told of", async () => {
  writeFileSync(machine.kvm, "");
  expect((await asked()).says[machine.kvm]).toBe(`missing: ${machine.kvm} is not KVM's device`);
});

test("a QEMU that does not work is told of", async () => {
  plantCommand(machine, "qemu-system-x86_64", "exit 127");
  expect((await asked()).says["QEMU"]).toMatch(/^missing: .* does not say its version$/);
});

test("a kernel that is not whole is told of", async () => {
  plantKernel(machine, "6.12");
  writeFileSync(join(machine.cache, "linux-6.12/kvm.ko"), "");
  expect((await asked()).says["Linux 6.12"]).toMatch(
    /^missing: .*kvm.ko is not as it was fetched: `kvm-conform kvm-setup` fetches it again$/,
  );
});

onLinux("a device that only root may open is told of", () => {
  writeFileSync(machine.kvm, "", { mode: 0 });
  expect(refused()).toMatch(/^\S+ may not open .*: only root may, so run it with `sudo`$/);
});

onLinux("a device that a group may open is told of with the command that joins it", () => {
  writeFileSync(machine.kvm, "");
  if (process.getuid?.() === 0) chownSync(machine.kvm, 0, 1);
  chmodSync(machine.kvm, 0o060);
  expect(refused()).toMatch(/^\S+ may not open .*: `sudo usermod -aG \S+ \S+` allows it from the next login on$/);
});

test("the command's exit code is 3 where something is missing", () => {
  const { status, stdout } = shell("npx kvm-conform doctor", { XDG_CACHE_HOME: folder });
  expect(stdout).toContain(`Linux 6.12 is not in ${join(folder, "kvm-conform")}`);
  expect(status).toBe(3);
});

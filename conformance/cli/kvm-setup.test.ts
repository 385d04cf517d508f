/** Getting what is missing: by commands that only note what they are asked. */
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shell } from "../../tools/command";
import { bareMachine, plantCommand, plantKernel } from "../../tools/machine";
import { findKernel } from "../linux/host/kernels";
import type { Machine } from "../linux/host/machine";
import { kvmSetup } from "./kvm-setup";

const INSTALL = "apt-get install -y --no-install-recommends qemu-system-x86";

let folder: string;
let machine: Machine;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kvm-conform-kvm-setup-"));
  machine = bareMachine(folder);
  for (const tool of ["mkdir", "rm", "ln"]) symlinkSync(`/bin/${tool}`, join(folder, "bin", tool));
});

afterEach(() => rmSync(folder, { recursive: true }));

function run(): { status: number; lines: string[] } {
  const lines: string[] = [];
  return { status: kvmSetup((line) => lines.push(line), machine), lines };
}

/** An apt-get that notes how it is called, and then does this. */
function apt(script: string): void {
  plantCommand(machine, "apt-get", `echo "apt-get $*" >> ${folder}/calls\n${script}`);
}

function calls(): string[] {
  const file = join(folder, "calls");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

const qemu = (): void => plantCommand(machine, "qemu-system-x86_64", "");
const kernels = (): void => (["6.12", "6.1"] as const).forEach((series) => plantKernel(machine, series));
const INSTALLS = `case $1 in install) ln -s /bin/true "$PATH/qemu-system-x86_64";; esac`;

test("where all is there nothing is done, without a network", () => {
  qemu();
  kernels();
  apt("exit 1");
  const { status, lines } = run();
  expect(status).toBe(0);
  expect(lines).toEqual([
    `QEMU: ${folder}/bin/qemu-system-x86_64 is there`,
    "Linux 6.12: linux-image-6.12.1 is there",
    "Linux 6.1: linux-image-6.1.1 is there",
  ]);
  expect(calls()).toEqual([]);
});

test("QEMU is installed by root", () => {
  kernels();
  machine = { ...machine, isRoot: true };
  apt(INSTALLS);
  const { status, lines } = run();
  expect(status).toBe(0);
  expect(lines.slice(0, 2)).toEqual([`QEMU: ${INSTALL}`, `QEMU: ${folder}/bin/qemu-system-x86_64 is installed`]);
  expect(calls()).toEqual([INSTALL]);
});

test("QEMU is installed with newer lists of packages, if the ones that are there do not do", () => {
  kernels();
  machine = { ...machine, isRoot: true };
  apt(`case $1 in update) echo > ${folder}/updated;; esac; [ -e ${folder}/updated ] || exit 100\n${INSTALLS}`);
  expect(run().status).toBe(0);
  expect(calls()).toEqual([INSTALL, "apt-get update", INSTALL]);
});

test("who is not root is told what root has to do, and is got the rest", () => {
  kernels();
  apt("");
  const { status, lines } = run();
  expect(status).toBe(3);
  expect(lines).toEqual([
    `QEMU: not got: only root may install it: \`sudo ${INSTALL}\``,
    "Linux 6.12: linux-image-6.12.1 is there",
    "Linux 6.1: linux-image-6.1.1 is there",
  ]);
  expect(calls()).toEqual([]);
});

test("an installation that fails is quoted", () => {
  machine = { ...machine, isRoot: true };
  apt("echo 'E: a planted failure' >&2; exit 100");
  expect(run().lines[1]).toBe(`QEMU: not got: ${INSTALL} failed: E: a planted failure`);
});

test("a kernel that is missing or damaged is fetched, and the other is left alone", () => {
  qemu();
  kernels();
  writeFileSync(join(machine.cache, "linux-6.12/kvm.ko"), "damaged");
  writeFileSync(machine.keyring, "");
  apt('case $1 in download) echo > "$2.deb";; esac');
  plantCommand(machine, "apt-cache", "echo 'Depends: linux-image-6.12.2 (= 2-1)'");
  plantCommand(machine, "xz", "");
  const modules = '"$3/lib/modules/6.12.2/kernel/virt/lib" "$3/lib/modules/6.12.2/kernel/arch/x86/kvm"';
  const files = ["virt/lib/irqbypass.ko", "arch/x86/kvm/kvm.ko", "arch/x86/kvm/kvm-amd.ko"].map(
    (file) => `echo > "$3/lib/modules/6.12.2/kernel/${file}"`,
  );
  plantCommand(machine, "dpkg-deb", `mkdir -p "$3/boot" ${modules}; echo > "$3/boot/vmlinuz-6.12.2"; ${files.join("; ")}`);
  const { status, lines } = run();
  expect(lines.slice(1)).toEqual([
    "Linux 6.12: fetching it from http://deb.debian.org/debian",
    `Linux 6.12: linux-image-6.12.2 is in ${machine.cache}`,
    "Linux 6.1: linux-image-6.1.1 is there",
  ]);
  expect(status).toBe(0);
  expect(findKernel("6.12", machine).uname).toBe("6.12.2");
});

test("a kernel that cannot be had is told of, and the other is tried", () => {
  qemu();
  const { status, lines } = run();
  expect(status).toBe(3);
  expect(lines.filter((line) => line.includes("not got: there is no apt-get on PATH"))).toHaveLength(2);
});

test("the command's exit code is 3 where something could not be had", () => {
  const { status, stdout } = shell('PATH="$EMPTY" npx kvm-conform kvm-setup', { XDG_CACHE_HOME: folder, EMPTY: join(folder, "bin") });
  expect(stdout).toContain("QEMU: not got: there is no apt-get on PATH");
  expect(status).toBe(3);
});

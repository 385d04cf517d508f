/** `kvm-conform kvm-setup`: gets QEMU and the kernels, as far as they are missing. */
import { spawnSync } from "node:child_process";
import { Crashed } from "../adapter/door";
import { fetchKernel, mirror } from "../linux/host/fetch";
import { findKernel, SERIES, type Series } from "../linux/host/kernels";
import { commandFile, thisMachine, type Machine } from "../linux/host/machine";
import { findQemu } from "../linux/host/qemu";
import { EXIT } from "./usage";

type Print = (line: string) => void;

const INSTALL = ["install", "-y", "--no-install-recommends", "qemu-system-x86"];

/** Says what it finds and does. Exit code 3 if something could not be had; the rest is got all the same. */
export function kvmSetup(print: Print, machine: Machine = thisMachine()): number {
  const all = [
    got("QEMU", () => qemu(print, machine), print),
    ...(Object.keys(SERIES) as Series[]).map((series) => got(`Linux ${series}`, () => kernel(series, print, machine), print)),
  ];
  return all.every(Boolean) ? EXIT.ok : EXIT.adapter;
}

function got(what: string, get: () => string, print: Print): boolean {
  try {
    print(`${what}: ${get()}`);
    return true;
  } catch (error) {
    if (!(error instanceof Crashed)) throw error;
    print(`${what}: not got: ${error.message}`);
    return false;
  }
}

function qemu(print: Print, machine: Machine): string {
  if (isFound(() => findQemu(machine))) return `${findQemu(machine)} is there`;
  const apt = commandFile("apt-get", machine);
  if (apt === undefined) throw new Crashed("there is no apt-get on PATH: install qemu-system-x86_64 by other means");
  const command = `apt-get ${INSTALL.join(" ")}`;
  if (!machine.isRoot) throw new Crashed(`only root may install it: \`sudo ${command}\``);
  print(`QEMU: ${command}`);
  const env = { ...machine.env, DEBIAN_FRONTEND: "noninteractive" };
  const run = (args: readonly string[]) => spawnSync(apt, args, { env, encoding: "utf8", maxBuffer: 1 << 26 });
  let { status, stderr } = run(INSTALL);
  // The lists of packages may be missing, or older than the packages that they name.
  if (status !== 0 && run(["update"]).status === 0) ({ status, stderr } = run(INSTALL));
  if (status !== 0) throw new Crashed(`${command} failed: ${stderr.trim()}`);
  return `${findQemu(machine)} is installed`;
}

function kernel(series: Series, print: Print, machine: Machine): string {
  if (isFound(() => findKernel(series, machine))) return `${findKernel(series, machine).package} is there`;
  print(`Linux ${series}: fetching it from ${mirror(machine)}`);
  return `${fetchKernel(series, machine).package} is in ${machine.cache}`;
}

function isFound(find: () => unknown): boolean {
  try {
    find();
    return true;
  } catch (error) {
    if (error instanceof Crashed) return false;
    throw error;
  }
}

/** What of all that real KVM needs is there on a machine, and what gets the rest. */
import { spawnSync } from "node:child_process";
import { Crashed } from "../../adapter/door";
import { checkDevice } from "./device";
import { findKernel, SERIES, type Series } from "./kernels";
import { agentFile, startLocal } from "../agent/local";
import type { Machine } from "./machine";
import { Program } from "../agent/program";
import { findQemu } from "./qemu";

/** One thing that is needed. */
export interface Finding {
  readonly what: string;
  readonly isThere: boolean;
  /** What is known of it; of what is missing, why, and what gets it. */
  readonly says: string;
}

/** What is needed, and found here. */
export async function diagnose(machine: Machine): Promise<Finding[]> {
  const findings = [await found("agent", () => `built: ${agentFile(machine)}`), await found(machine.kvm, () => deviceSays(machine))];
  findings.push(await found("QEMU", () => qemuSays(machine)));
  for (const series of Object.keys(SERIES) as Series[]) findings.push(await found(`Linux ${series}`, () => kernelSays(series, machine)));
  return findings;
}

async function found(what: string, look: () => string | Promise<string>): Promise<Finding> {
  try {
    return { what, isThere: true, says: await look() };
  } catch (error) {
    if (!(error instanceof Crashed)) throw error;
    return { what, isThere: false, says: error.message };
  }
}

/** System calls, and KVM's ioctls, by their numbers on x86-64. */
const SYS = { open: 2, mmap: 9, ioctl: 16 } as const;
const GET_API_VERSION = 0xae00;
const CHECK_EXTENSION = 0xae03;

/** Capabilities that cases need, by their numbers in <linux/kvm.h>. */
const CAPABILITIES = { MAX_VCPU_ID: 128, XEN_HVM: 38, HYPERV_SYNIC: 123, NESTED_STATE: 157 } as const;

async function deviceSays(machine: Machine): Promise<string> {
  checkDevice(machine);
  const agent = await startLocal(machine);
  try {
    const [page] = await agent.run(new Program().syscall(SYS.mmap, [0, 4096, 3, 0x22, -1, 0]));
    const path = Number(page);
    const [file] = await agent.run(new Program().poke(path, Buffer.from(`${machine.kvm}\0`)).syscall(SYS.open, [path, 2]));
    const ask = new Program().syscall(SYS.ioctl, [Number(file), GET_API_VERSION, 0]);
    for (const number of Object.values(CAPABILITIES)) ask.syscall(SYS.ioctl, [Number(file), CHECK_EXTENSION, number]);
    const [version = -1, ...values] = (await agent.run(ask)).map(Number);
    if (version < 0) throw new Crashed(`${machine.kvm} is not KVM's device`);
    const capabilities = Object.keys(CAPABILITIES).map((name, i) => `${name} ${values[i] ?? 0}`);
    return `API version ${version} of Linux ${agent.uname}, ${capabilities.join(", ")}`;
  } finally {
    await agent.end();
  }
}

function qemuSays(machine: Machine): string {
  const file = findQemu(machine);
  const { stdout } = spawnSync(file, ["--version"], { encoding: "utf8" });
  const [, version] = /version (\S+)/.exec(stdout) ?? [];
  if (version === undefined) throw new Crashed(`${file} does not say its version`);
  return `version ${version} (${file})`;
}

function kernelSays(series: Series, machine: Machine): string {
  const { version, uname, folder } = findKernel(series, machine);
  return `Debian's ${version}, uname -r ${uname} (${folder})`;
}

/** KVM's device on this machine: whether it can be opened, and what to do if not. */
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { Crashed } from "../../adapter/door";
import type { Machine } from "./machine";

/** Throws Crashed, with the command that mends it if one does, if this process cannot open the device. */
export function checkDevice({ kvm }: Machine): void {
  try {
    closeSync(openSync(kvm, "r+"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new Crashed(`there is no ${kvm}: ${whatLoadsIt()}`);
    if (code === "EACCES" || code === "EPERM") throw new Crashed(`${userInfo().username} may not open ${kvm}: ${whatAllowsIt(kvm)}`);
    throw new Crashed(`${kvm} cannot be opened: ${code ?? String(error)}`);
  }
}

/** Which module the CPU needs, by its flags; `kvm:qemu` needs none. */
function whatLoadsIt(flags = cpuFlags()): string {
  if (flags.has("svm")) return "`sudo modprobe kvm_amd` loads what makes it";
  if (flags.has("vmx")) return "`sudo modprobe kvm_intel` loads what makes it";
  return "the CPU has no virtualization (in a virtual machine, its host has to allow it); `--adapter kvm:qemu` needs none";
}

function cpuFlags(): Set<string> {
  try {
    return new Set(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" "));
  } catch {
    return new Set();
  }
}

function whatAllowsIt(kvm: string): string {
  const { mode, gid } = statSync(kvm);
  const group = gid !== 0 && (mode & 0o060) === 0o060 ? groupName(gid) : undefined;
  if (group === undefined) return "only root may, so run it with `sudo`";
  return `\`sudo usermod -aG ${group} ${userInfo().username}\` allows it from the next login on`;
}

function groupName(gid: number): string | undefined {
  const groups = readFileSync("/etc/group", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  return groups.find(([, , id]) => id === String(gid))?.[0];
}

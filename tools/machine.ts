/** Machines that tests make up: a folder with a PATH, a cache and a configuration of its own. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digest, IMAGE, kernelFolder, MANIFEST, MODULES, type Series } from "../conformance/linux/host/kernels";
import { thisMachine, type Machine } from "../conformance/linux/host/machine";

/** A machine that has nothing but what the build has made. */
export function bareMachine(folder: string): Machine {
  mkdirSync(join(folder, "bin"));
  const there = (name: string): string => join(folder, name);
  return {
    ...thisMachine(),
    env: { PATH: there("bin") },
    kvm: there("kvm"),
    cache: there("cache"),
    apt: there("apt"),
    keyring: there("keyring.gpg"),
    isRoot: false,
  };
}

/** Puts a command on the machine's PATH: a script for the shell. */
export function plantCommand({ env }: Machine, name: string, script: string): void {
  const file = join(env["PATH"] ?? "", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** Puts a kernel into the machine's cache that is whole, as far as its manifest says. */
export function plantKernel(machine: Machine, series: Series): void {
  const folder = kernelFolder(series, machine);
  mkdirSync(folder, { recursive: true });
  const names = [IMAGE, ...MODULES];
  for (const name of names) writeFileSync(join(folder, name), name);
  const files = Object.fromEntries(names.map((name) => [name, digest(join(folder, name))]));
  writeFileSync(
    join(folder, MANIFEST),
    JSON.stringify({ package: `linux-image-${series}.1`, version: "1-1", uname: `${series}.1`, files }),
  );
}

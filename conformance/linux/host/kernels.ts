/** The kernels in the cache: Debian's, each with the modules that make it a hypervisor. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Crashed } from "../../adapter/door";
import type { Machine } from "./machine";

/** The series that are kept, and the Debian release that has them. */
export const SERIES = { "6.12": "trixie", "6.1": "bookworm" } as const;
export type Series = keyof typeof SERIES;

/** What makes a kernel a hypervisor, in the order in which it is loaded. */
export const MODULES = ["irqbypass.ko", "kvm.ko", "kvm-amd.ko"] as const;
/** What the agent's port needs, where the kernel does not have it built in. */
export const PORT_MODULES = [
  "virtio.ko",
  "virtio_ring.ko",
  "virtio_pci_legacy_dev.ko",
  "virtio_pci_modern_dev.ko",
  "virtio_pci.ko",
  "virtio_console.ko",
] as const;
export const IMAGE = "vmlinuz";

/** What is written beside a kernel: where it comes from, and what its files must be. */
export interface Manifest {
  /** As `linux-image-6.12.107+deb13-cloud-amd64`. */
  readonly package: string;
  /** Of the package, as `6.12.107-1`. */
  readonly version: string;
  /** What `uname -r` says in it. */
  readonly uname: string;
  /** The SHA-256 of each file, in hex. */
  readonly files: Readonly<Record<string, string>>;
}

/** A kernel that can be booted. */
export interface Kernel extends Manifest {
  readonly series: Series;
  readonly folder: string;
}

/** Where a series is kept. */
export function kernelFolder(series: Series, { cache }: Machine): string {
  return join(cache, `linux-${series}`);
}

/** A kernel of the cache, its files checked. Throws Crashed, with the command that gets it, if it is not there or not whole. */
export function findKernel(series: Series, machine: Machine): Kernel {
  const folder = kernelFolder(series, machine);
  const manifest = readManifest(folder);
  if (manifest === undefined) throw new Crashed(`Linux ${series} is not in ${machine.cache}: \`kvm-conform kvm-setup\` fetches it`);
  for (const [name, sum] of Object.entries(manifest.files))
    if (digest(join(folder, name)) !== sum)
      throw new Crashed(`${join(folder, name)} is not as it was fetched: \`kvm-conform kvm-setup\` fetches it again`);
  return { ...manifest, series, folder };
}

/** The SHA-256 of a file in hex, or undefined if there is none. */
export function digest(file: string): string | undefined {
  return existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : undefined;
}

/** The name of the manifest, which is written last. */
export const MANIFEST = "kernel.json";

function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, MANIFEST), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

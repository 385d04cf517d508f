/** `kvm`, `kvm:qemu`, `kvm:qemu,avic`, `kvm:qemu,kernel=6.1`: which KVM a specifier names. */
import { nearest } from "../case/names";
import type { KvmOptions } from "../linux/start";
import { UsageError } from "./usage";

const OPTIONS = ["qemu", "avic", "kernel"];

/** The KVM that a specifier names; undefined if it names something else. Throws a UsageError for an option that there is not. */
export function kvmOptions(specifier: string): Omit<KvmOptions, "patience"> | undefined {
  const [, text] = /^kvm(?::(.*))?$/.exec(specifier) ?? [];
  if (text === undefined) return specifier === "kvm" ? { where: "here", avic: false } : undefined;
  const given = new Map(text.split(",").map((option) => optionOf(specifier, option)));
  const kernel = given.get("kernel");
  if (!given.has("qemu"))
    throw new UsageError(`${specifier}: the machine's own kernel is taken as it is; kvm:qemu,${text} is one of its own, in QEMU`);
  return { where: "qemu", avic: given.has("avic"), ...(kernel !== undefined && { kernel }) };
}

function optionOf(specifier: string, option: string): readonly [string, string] {
  const [name = "", value] = option.split("=");
  if (!OPTIONS.includes(name)) {
    const near = nearest(name, OPTIONS);
    const help = near === undefined ? `there are ${OPTIONS.join(", ")}` : `did you mean ${near}?`;
    throw new UsageError(`${specifier}: there is no option "${name}"; ${help} (as kvm:qemu, kvm:qemu,avic, kvm:qemu,kernel=6.1)`);
  }
  if (name === "kernel" && !/^\d+\.\d+$/.test(value ?? "")) throw new UsageError(`${specifier}: kernel takes a version, as kernel=6.1`);
  if (name !== "kernel" && value !== undefined) throw new UsageError(`${specifier}: ${name} takes no value`);
  return [name, value ?? ""];
}

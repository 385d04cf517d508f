/** `kvm-conform doctor`: what real KVM needs and this machine has, and what gets the rest. */
import pc from "picocolors";
import { diagnose } from "../linux/host/diagnosis";
import { thisMachine, type Machine } from "../linux/host/machine";
import { EXIT } from "./usage";

/** Prints a line for each thing. Exit code 3 if one is not there. */
export async function doctor(print: (line: string) => void, machine: Machine = thisMachine()): Promise<number> {
  const findings = await diagnose(machine);
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { what, isThere, says } of findings)
    print(`${isThere ? pc.green("there  ") : pc.red("missing")}  ${what.padEnd(width)}  ${says}`);
  return findings.every(({ isThere }) => isThere) ? EXIT.ok : EXIT.adapter;
}

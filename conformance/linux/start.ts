/** How the adapter for KVM itself is started. */
import { Crashed } from "../adapter/door";
import type { Remote } from "../adapter/remote";
import { PATIENCE } from "../adapter/stdio";
import type { Agent } from "./agent/agent";
import { checkDevice } from "./host/device";
import { SERIES, type Series } from "./host/kernels";
import { Kvm } from "./kvm";
import { guestProgram, startLocal } from "./agent/local";
import { thisMachine, type Machine } from "./host/machine";
import { startGuest } from "./host/qemu";

/** Which KVM: that of this machine, or that of a Debian kernel of its own under QEMU. */
export interface KvmOptions {
  readonly where: "here" | "qemu";
  /** In QEMU: kvm-amd keeps its AVIC books, though the CPU has none. */
  readonly avic: boolean;
  /** In QEMU: the kernel, as `6.1`; the newest that is there if not said. */
  readonly kernel?: string;
  /** Multiplies every deadline. */
  readonly patience: number;
}

/** Until all is known that a kernel has, in milliseconds. */
const READY = 60_000;

/** Makes KVM ready to be asked. Its hello throws Crashed, with the command that gets it, if something is not there. */
export function startKvm({ where, avic, kernel, patience }: KvmOptions, machine = thisMachine()): Promise<Remote> {
  const { deadline, restarts } = PATIENCE;
  const source = { guestProgram: () => guestProgram(machine), deadline: deadline * patience, patience: READY * patience, restarts };
  if (where === "here") return Promise.resolve(new Kvm({ ...source, name: "KVM", start: () => startHere(machine), ours: false }));
  const options = {
    machine,
    parameters: avic ? "avic=1 force_avic=1" : "avic=0",
    ...(kernel !== undefined && { kernel: seriesOf(kernel) }),
  };
  const start = async (): Promise<Agent> => (await startGuest(options)).agent;
  return Promise.resolve(new Kvm({ ...source, name: "KVM in QEMU", start, ours: true }));
}

async function startHere(machine: Machine): Promise<Agent> {
  checkDevice(machine);
  return startLocal(machine);
}

function seriesOf(kernel: string): Series {
  if (!Object.hasOwn(SERIES, kernel)) throw new Crashed(`there is no Linux ${kernel} to be had: ${Object.keys(SERIES).join(" and ")} are`);
  return kernel as Series;
}

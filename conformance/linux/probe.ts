/** What a kernel is: asked once, when its agent has started. */
import type { FeatureName, LimitName } from "../../spec/generated/types";
import { Crashed } from "../adapter/door";
import type { Agent } from "./agent/agent";
import { openFile, readFile } from "./world/proc";
import { CAP, IOCTL, O_CLOEXEC, O_RDWR, XEN_HVM_CONFIG } from "./uapi/ioctl";
import { keepBranches } from "./keeper";
import { allowFds, GUEST_PROGRAM, mapMemory, SCRATCH } from "./world/memory";
import { preferNodeZero } from "./world/mm";
import type { Slot } from "./agent/program";
import { errnoOf, Script, type From } from "./world/script";

/** KVM's only one since 2007; whoever says another is no KVM that a VMM can use. */
const API_VERSION = 12n;

/** Which hardware virtualization KVM was loaded with, and whether it may virtualize APICs. */
export interface Loaded {
  readonly backend: "vmx" | "svm" | "none";
  /** The module, as `kvm_amd`. */
  readonly module: string;
  readonly apicv: boolean;
}

/** A kernel that has KVM. */
export interface Probed {
  /** The file descriptor of /dev/kvm. */
  readonly kvm: number;
  /** As `v6.12`. */
  readonly version: string | undefined;
  readonly loaded: Loaded;
  /** Its guests run as on hardware, as far as they do not look at their APIC. */
  readonly trueGuests: boolean;
  /** So do their APICs. */
  readonly trueApics: boolean;
  /** What tells it from others of its version: words of spec/disagreements.yaml. */
  readonly traits: readonly string[];
  /** It can be traced: probes that tell, when a function returns, what it was given came in Linux 6.9. */
  readonly probes: boolean;
  /** Pages can be moved from one node of the machine to another. */
  readonly nodes: boolean;
  readonly prefaults: boolean;
  readonly limits: Readonly<Record<LimitName, number>>;
  readonly features: readonly FeatureName[];
  /** Why it does not have others. */
  readonly absent: Readonly<Partial<Record<FeatureName, string>>>;
}

/**
 * Maps the agent's memory, puts the guest's program there, and asks the kernel what it has. A machine
 * that is `ours` is a guest (host/qemu.ts), which keeps its branches itself. Throws Crashed if it has no KVM.
 */
export async function probe(agent: Agent, guestProgram: Uint8Array, ours: boolean): Promise<Probed> {
  const script = new Script();
  mapMemory(script);
  allowFds(script, SCRATCH.at);
  preferNodeZero(script, SCRATCH.at);
  script.poke(GUEST_PROGRAM.at, guestProgram);
  const kvm: Slot = { slot: 0 };
  const opened = openFile(script, "/dev/kvm", O_RDWR | O_CLOEXEC, kvm);
  const api = script.ioctl(kvm, IOCTL.GET_API_VERSION);
  if (!ours) keepBranches(script, kvm);
  const extensions = askForExtensions(script, kvm);
  const files = readParameters(script);
  const results = await agent.run(script.program);
  const fd = opened(results);
  if (fd < 0n) throw new Crashed(`/dev/kvm cannot be opened: ${errnoOf(fd) ?? ""}`);
  if (api(results) !== API_VERSION)
    throw new Crashed(`/dev/kvm is not KVM's: asked for its API version it says ${errnoOf(api(results)) ?? String(api(results))}`);
  const version = /^(\d+\.\d+)/.exec(agent.uname)?.[1];
  return { kvm: Number(fd), version, ...conclude(extensions(results), files(results), ours && hasProbes(version)) };
}

function hasProbes(version = ""): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 9);
}

type Extensions = Readonly<Record<"maxVcpuId" | "maxVcpus" | "xen" | "synic" | "preFault", number>>;

function askForExtensions(script: Script, kvm: Slot): From<Extensions> {
  const extension = (cap: keyof typeof CAP): From<number> => {
    const said = script.ioctl(kvm, IOCTL.CHECK_EXTENSION, CAP[cap]);
    return (results) => Math.max(0, Number(said(results)));
  };
  const [maxVcpuId, maxVcpus] = [extension("MAX_VCPU_ID"), extension("MAX_VCPUS")];
  const [xen, synic, preFault] = [extension("XEN_HVM"), extension("HYPERV_SYNIC"), extension("PRE_FAULT_MEMORY")];
  return (results) => ({
    maxVcpuId: maxVcpuId(results),
    maxVcpus: maxVcpus(results),
    xen: xen(results),
    synic: synic(results),
    preFault: preFault(results),
  });
}

type Parameters = Readonly<Record<"avic" | "forced" | "apicv" | "pvm" | "secondNode", string | undefined>>;

function readParameters(script: Script): From<Parameters> {
  const avic = readFile(script, "/sys/module/kvm_amd/parameters/avic");
  const forced = readFile(script, "/sys/module/kvm_amd/parameters/force_avic");
  const apicv = readFile(script, "/sys/module/kvm_intel/parameters/enable_apicv");
  const pvm = readFile(script, "/sys/module/kvm_pvm/parameters/force");
  const secondNode = readFile(script, "/sys/devices/system/node/node1/numastat");
  return (results) => ({
    avic: avic(results),
    forced: forced(results),
    apicv: apicv(results),
    pvm: pvm(results),
    secondNode: secondNode(results),
  });
}

function conclude(extensions: Extensions, parameters: Parameters, probes: boolean): Omit<Probed, "kvm" | "version"> {
  const { avic, forced, apicv, pvm, secondNode } = parameters;
  const loaded = loadedAs(avic, apicv);
  const absent = whatIsAbsent(loaded, extensions, probes);
  const hardware = loaded.backend !== "none";
  const hasAvic = absent.avic === undefined;
  return {
    loaded,
    trueGuests: hardware,
    trueApics: hardware && !(hasAvic && isOn(forced)),
    traits: [...(hardware ? [loaded.backend] : []), ...(pvm === undefined ? [] : ["pvm"]), ...(hasAvic ? ["avic"] : [])],
    probes,
    nodes: secondNode !== undefined,
    prefaults: extensions.preFault > 0,
    limits: { max_vcpu_id: extensions.maxVcpuId, max_vcpus: extensions.maxVcpus },
    features: FEATURES.filter((feature) => absent[feature] === undefined),
    absent,
  };
}

const FEATURES: readonly FeatureName[] = [
  "vcpu",
  "memslots",
  "apicv",
  "apic_access_page",
  "ipiv",
  "avic",
  "hyperv.synic",
  "xen.runstate",
  "xen.evtchn",
  "locking",
];

const { SHARED_INFO, RUNSTATE, EVTCHN_2LEVEL, EVTCHN_SEND, RUNSTATE_UPDATE_FLAG } = XEN_HVM_CONFIG;

function loadedAs(avic: string | undefined, apicv: string | undefined): Loaded {
  if (avic !== undefined) return { backend: "svm", module: "kvm_amd", apicv: isOn(avic) };
  if (apicv !== undefined) return { backend: "vmx", module: "kvm_intel", apicv: isOn(apicv) };
  return { backend: "none", module: "neither kvm_intel nor kvm_amd", apicv: false };
}

function whatIsAbsent({ backend, module, apicv }: Loaded, { xen, synic }: Extensions, probes: boolean): Probed["absent"] {
  const withoutApicv = backend === "none" ? `KVM's backend is ${module}` : `${module} was loaded with APICv off`;
  const lacks = (bits: number): string => `KVM_CAP_XEN_HVM is 0x${xen.toString(16)}, without 0x${(bits & ~xen).toString(16)}`;
  const runstate = RUNSTATE | RUNSTATE_UPDATE_FLAG | SHARED_INFO;
  const evtchn = EVTCHN_2LEVEL | EVTCHN_SEND | SHARED_INFO;
  return {
    ...(!apicv && { apicv: withoutApicv, apic_access_page: withoutApicv }),
    ...(backend !== "vmx" && { ipiv: "IPI virtualization is VMX's" }),
    ...((backend !== "svm" || !apicv) && { avic: backend === "svm" ? withoutApicv : "AVIC is SVM's" }),
    ...(synic === 0 && { "hyperv.synic": "KVM_CAP_HYPERV_SYNIC is 0" }),
    ...((xen & runstate) !== runstate && { "xen.runstate": lacks(runstate) }),
    ...((xen & evtchn) !== evtchn && { "xen.evtchn": lacks(evtchn) }),
    ...(!probes && { locking: "which locks KVM takes is not seen without tracing it" }),
  };
}

/** As the kernel prints a module parameter that is a boolean or a number. */
function isOn(parameter: string | undefined): boolean {
  return parameter === "Y" || parameter === "1";
}

/** Opens a world as `given` describes it, and says what can be no world of this kernel's. */
import type { Given } from "../../../spec/generated/types";
import { giveProgram } from "./guest";
import { CAP, IOCTL } from "../uapi/ioctl";
import type { Probed } from "../probe";
import type { Arg } from "../agent/program";
import { World } from "./world";
import { giveXen } from "./xen";

const SPLIT_PINS = 24;

/** Why there can be no such world here; undefined if there can. */
export function whyNot(
  { backend, module = {}, apic_page_mapped: mapped, synic, xen }: Given,
  { loaded, absent }: Probed,
): string | undefined {
  if (synic !== undefined && absent["hyperv.synic"] !== undefined) return absent["hyperv.synic"];
  if (xen !== undefined && absent["xen.evtchn"] !== undefined) return absent["xen.evtchn"];
  if (mapped !== undefined) return "nobody outside of KVM can say which translations there are of the APIC-access page";
  // What generic KVM does, every KVM does.
  if (backend === "none") return undefined;
  if (loaded.backend === "none" || (backend !== "any" && backend !== loaded.backend))
    return `KVM's backend is ${loaded.module} here, not ${backend}`;
  const { enable_apicv: apicv = true } = module;
  if (apicv !== loaded.apicv) return `${loaded.module} was loaded with APICv ${loaded.apicv ? "on" : "off"}`;
  if (module.enable_ipiv !== undefined || module.flexpriority !== undefined) return `${loaded.module} has no such parameters`;
  return undefined;
}

/** The world that is given; `racing` as in World. */
export function openWorld(kvm: number, given: Given, racing: boolean): World {
  const world = new World(kvm, racing);
  const { opening, vm } = world;
  const { vcpus = 0, irqchip = "kernel", synic = [], xen } = given;
  const enable = (fd: Arg, cap: keyof typeof CAP, value: number): void => {
    const what = world.place(opening, "kvm_enable_cap", { cap: CAP[cap], "args[0]": value });
    world.must(`KVM_ENABLE_CAP of ${cap}`, opening.ioctl(fd, IOCTL.ENABLE_CAP, what));
  };
  if (irqchip === "kernel") world.must("KVM_CREATE_IRQCHIP", opening.ioctl(vm, IOCTL.CREATE_IRQCHIP));
  if (irqchip === "split") enable(vm, "SPLIT_IRQCHIP", SPLIT_PINS);
  giveProgram(world);
  for (let id = 0; id < vcpus; id++) {
    const fd = world.slot();
    world.must(`KVM_CREATE_VCPU of vCPU ${id}`, opening.ioctl(vm, IOCTL.CREATE_VCPU, id, fd.slot));
    world.created(id, fd);
  }
  for (const id of synic) enable(world.fdOf(id), "HYPERV_SYNIC2", 0);
  if (xen !== undefined) giveXen(world, xen);
  return world;
}

/** Checks that the vCPUs which a case names are there. */
import { callsOf } from "./claims";
import type { Path } from "./source";
import type { Checked } from "./wants";

/** Reports a vCPU number that the case's world never has, unless its calls create vCPUs. */
export function checkVcpu({ source, body }: Checked, path: Path, vcpu: number | string, atKey = false): void {
  const given = body.given.vcpus ?? 0;
  const number = Number(vcpu);
  if (!Number.isInteger(number))
    source.report("CASE-037", path, { message: `${String(vcpu)} is not the number of a vCPU`, hint: "vcpu.0, or vcpu.*", atKey });
  else if (number >= given && !callsOf(body).some(({ call }) => call.do.endsWith("create_vcpu")))
    source.report("CASE-037", path, {
      message: `there is no vCPU ${String(vcpu)}: \`given\` has ${String(given)}`,
      hint: "given: {vcpus: ...}",
      atKey,
    });
}

/** Reports vCPUs in `given` that are not there. */
export function checkGiven(checked: Checked): void {
  const { synic, apic_page_mapped, xen } = checked.body.given;
  const lists = { synic, apic_page_mapped, "xen.vcpu_info": xen?.vcpu_info, "xen.runstate": xen?.runstate };
  for (const [key, list] of Object.entries(lists))
    for (const [i, vcpu] of (list ?? []).entries()) checkVcpu(checked, ["given", ...key.split("."), i], vcpu);
}

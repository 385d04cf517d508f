/** Hyper-V: SynIC is enabled for each vCPU; its registers are MSRs. */
import type { Chapter } from "./calls";
import { enableCap } from "./vm";

export const hypervChapter: Chapter = {
  feature: "hyperv.synic",
  calls: { "vcpu.enable_cap": enableCap((world, { vcpu }) => world.fdOf(vcpu)) },
  reads: {},
};

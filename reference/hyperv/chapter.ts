/** Hyper-V enlightenments: SynIC. */
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";

export const hyperv_chapter: Chapter = { name: "hyperv" };

export const hyperv_api: Api = { features: ["hyperv.synic"], calls: {}, reads: {} };

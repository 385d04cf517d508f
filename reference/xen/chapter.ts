/** Xen guests: runstate and event channels. */
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";

export const xen_chapter: Chapter = { name: "xen" };

export const xen_api: Api = { features: ["xen.runstate", "xen.evtchn"], calls: {}, reads: {} };

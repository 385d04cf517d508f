/** The local APIC and APIC virtualization that can be inhibited. */
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";

export const apic_chapter: Chapter = { name: "apic" };

export const apic_api: Api = { features: ["apicv", "apic_access_page"], calls: {}, reads: {} };

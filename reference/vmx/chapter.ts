/** What is peculiar to Intel: the VMCS and IPI virtualization. */
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";

export const vmx_chapter: Chapter = { name: "vmx" };

export const vmx_api: Api = { features: ["ipiv"], calls: {}, reads: {} };

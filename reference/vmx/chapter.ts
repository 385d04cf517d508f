/** What is peculiar to Intel: the VMCS and IPI virtualization. */
import { kvm_ops_update } from "../apic/x86_ops";
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";
import { vmx_x86_ops } from "./x86_ops";

export const vmx_chapter: Chapter = { name: "vmx", vm_init: (kvm) => kvm_ops_update(kvm, vmx_x86_ops) };

export const vmx_api: Api = { features: ["ipiv"], calls: {}, reads: {} };

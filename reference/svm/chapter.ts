/** What is peculiar to AMD: AVIC and its tables. */
import { kvm_ops_update } from "../apic/x86_ops";
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";
import { svm_x86_ops } from "./x86_ops";

export const svm_chapter: Chapter = { name: "svm", vm_init: (kvm) => kvm_ops_update(kvm, svm_x86_ops) };

export const svm_api: Api = { features: ["avic"], calls: {}, reads: {} };

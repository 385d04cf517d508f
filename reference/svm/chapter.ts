/** What is peculiar to AMD: AVIC and its tables. */
import type { Api } from "../kvm/api";
import type { Chapter } from "../kvm/types";

export const svm_chapter: Chapter = { name: "svm" };

export const svm_api: Api = { features: ["avic"], calls: {}, reads: {} };

/** What SVM hands to generic x86 code. Source: arch/x86/kvm/svm/svm.c, svm_x86_ops. */
import { INHIBITS, type X86Ops } from "../apic/x86_ops";

/** AVIC can do less than APICv, so that every reason there is inhibits it. */
export const svm_x86_ops: X86Ops = { required_apicv_inhibits: new Set(INHIBITS) };

/**
 * The logical table, which follows each vCPU's LDR and DFR. A vCPU changes only entries that its
 * own registers mean, or meant when it last looked, so it remembers what they were. Source:
 * arch/x86/kvm/svm/avic.c, avic_handle_ldr_update and avic_handle_dfr_update.
 */
import { APIC_DFR_FLAT, high_byte, to_lapic } from "../apic/lapic";
import type { Kvm, Vcpu } from "../kvm/types";
import { ops, rule, type Cell, type Task } from "../task";
import { table_entry, to_kvm_svm, to_vcpu_svm, type LogicalEntry } from "./avic_tables";

const CLUSTERS = 15;

export const avic_logical = ops("avic_logical", {
  /** The guest has written LDR. */
  *avic_handle_ldr_update(vcpu: Vcpu): Task<void> {
    const { cached } = to_vcpu_svm(vcpu);
    const { ID, LDR } = to_lapic(vcpu).regs;
    yield LDR.load;
    const ldr = LDR.now;
    yield ID.load;
    const id = high_byte(ID.now);
    if (ldr === cached.ldr) return;
    rule("avic.logical.old-entry-invalidated");
    yield* avic_logical.avic_invalidate_logical_id_entry(vcpu);
    rule("avic.logical.cache-follows-every-ldr");
    cached.ldr = ldr;
    yield* avic_logical.avic_ldr_write(vcpu, id);
  },

  /** The guest has written DFR: its old entry means nothing now, and its new one comes with the next write of LDR. */
  *avic_handle_dfr_update(vcpu: Vcpu): Task<void> {
    const { cached } = to_vcpu_svm(vcpu);
    const { DFR } = to_lapic(vcpu).regs;
    yield DFR.load;
    const dfr = DFR.now;
    if (dfr === cached.dfr) return;
    rule("avic.logical.dfr-invalidates-in-old-mode");
    yield* avic_logical.avic_invalidate_logical_id_entry(vcpu);
    cached.dfr = dfr;
  },

  *avic_ldr_write(vcpu: Vcpu, id: number): Task<void> {
    const { cached } = to_vcpu_svm(vcpu);
    const entry = yield* avic_logical.avic_get_logical_id_entry(vcpu.kvm, cached.ldr, cached.dfr);
    if (entry === undefined) return;
    yield entry.store;
    entry.now = { guest_physical_id: id, valid: true };
  },

  *avic_invalidate_logical_id_entry(vcpu: Vcpu): Task<void> {
    const { cached } = to_vcpu_svm(vcpu);
    const entry = yield* avic_logical.avic_get_logical_id_entry(vcpu.kvm, cached.ldr, cached.dfr);
    if (entry === undefined) return;
    yield entry.rmw;
    entry.now = { ...entry.now, valid: false };
  },

  /** The entry that a logical id means: none if it has no bit, several bits, or is in the cluster without entries. */
  *avic_get_logical_id_entry(kvm: Kvm, ldr: number, dfr: number): Task<Cell<LogicalEntry> | undefined> {
    const flat = dfr === APIC_DFR_FLAT;
    const cluster = flat ? 0 : high_byte(ldr) >> 4;
    const bits = flat ? high_byte(ldr) : high_byte(ldr) & 0xf;
    rule("avic.logical.one-bit-only");
    if (bits === 0 || (bits & (bits - 1)) !== 0) return undefined;
    rule("avic.logical.index");
    if (cluster >= CLUSTERS) return undefined;
    return table_entry(to_kvm_svm(kvm).logical_id_table, 4 * cluster + Math.log2(bits));
  },

  /** After userspace replaced the registers, and before AVIC comes back on: what was written meanwhile did not trap. */
  *avic_apicv_post_state_restore(vcpu: Vcpu): Task<void> {
    rule("avic.logical.resynced");
    yield* avic_logical.avic_handle_dfr_update(vcpu);
    yield* avic_logical.avic_handle_ldr_update(vcpu);
  },
});

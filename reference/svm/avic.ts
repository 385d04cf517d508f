/**
 * AVIC: the physical table and IsRunning, which follow the lives of the vCPUs, and the control
 * block, which follows APICv's inhibits. Source: arch/x86/kvm/svm/avic.c.
 */
import { access_page } from "../apic/access_page";
import { apicv } from "../apic/apicv";
import { to_lapic, type RegisterPage } from "../apic/lapic";
import { block } from "../kvm/block";
import type { Kvm, Result, Vcpu } from "../kvm/types";
import { kmalloc } from "../sync/fault";
import { ops, rule, type Task } from "../task";
import { avic_logical } from "./avic_logical";
import { AVIC_MAX_PHYSICAL_ID, own_entry, physical_id_table, to_kvm_svm, to_vcpu_svm, vcpu_svm_init } from "./avic_tables";

/** The APIC id of the host CPU that a vCPU's thread runs on: each has one of its own, and none is 0. */
function host_physical_id(vcpu: Vcpu): number {
  return 0x40 + vcpu.vcpu_id;
}

export const avic = ops("avic", {
  /** The pre-create hook, under kvm_lock: the first vCPU allocates the table, the others find it. */
  *avic_alloc_physical_id_table(kvm: Kvm): Task<Result> {
    if (!kvm.config.enable_apicv) return "ok";
    const cell = to_kvm_svm(kvm).physical_id_table;
    yield cell.load;
    rule("avic.physical.table-once");
    if (cell.now !== undefined) return "ok";
    rule("avic.physical.no-vcpu-without-a-table");
    if (!(yield* kmalloc())) return "ENOMEM";
    yield cell.store;
    cell.now = physical_id_table();
    return "ok";
  },

  /** Nobody can find the vCPU yet, but the others' hardware may walk the table already. */
  *avic_init_vcpu(vcpu: Vcpu): Task<Result> {
    const { physical_id_table } = to_kvm_svm(vcpu.kvm);
    yield physical_id_table.load;
    const table = physical_id_table.now;
    vcpu_svm_init(vcpu, yield* avic.avic_get_backing_page(vcpu), table);
    const { in_kernel, apicv_active } = to_lapic(vcpu);
    if (!in_kernel || table === undefined) return "ok";
    if (vcpu.vcpu_id > AVIC_MAX_PHYSICAL_ID) {
      yield* avic.avic_id_too_big(vcpu);
    } else {
      const allocated = yield* avic.avic_alloc_access_page(vcpu);
      if (allocated !== "ok") return allocated;
      yield* avic.avic_init_backing_page(vcpu);
    }
    yield apicv_active.load;
    if (apicv_active.now) yield* avic.avic_activate_vmcb(vcpu);
    return "ok";
  },

  /** Hardware catches accesses to the one page at 0xfee00000, and finds each vCPU's own page by its control block. */
  *avic_alloc_access_page({ kvm }: Vcpu): Task<Result> {
    rule("avic.slot.only-if-activated");
    if (!(yield* apicv.kvm_apicv_activated(kvm))) return "ok";
    rule("avic.slot.one-page-for-all");
    return yield* access_page.kvm_alloc_apic_access_page(kvm);
  },

  /** Hardware works on the very page in which KVM keeps the registers: nothing is ever copied. */
  *avic_get_backing_page(vcpu: Vcpu): Task<RegisterPage> {
    rule("avic.backing-page.is-the-lapics");
    return to_lapic(vcpu).regs;
  },

  *avic_init_backing_page(vcpu: Vcpu): Task<void> {
    const entry = own_entry(vcpu);
    rule("avic.physical.entry-by-id");
    rule("avic.physical.one-store");
    yield entry.store;
    entry.now = { backing_page: to_vcpu_svm(vcpu).vmcb.avic_backing_page, host_physical_id: 0, is_running: false, valid: true };
  },

  /** No entry can name this vCPU. It must not run with AVIC on before it has served the request that the inhibit makes. */
  *avic_id_too_big(vcpu: Vcpu): Task<void> {
    const { apicv_active } = to_lapic(vcpu);
    rule("avic.physical.id-too-big-inhibits");
    yield* apicv.kvm_set_or_clear_apicv_inhibit(vcpu.kvm, "PHYSICAL_ID_TOO_BIG", true);
    yield apicv_active.store;
    apicv_active.now = false;
  },

  /** The vCPU will not be: hardware must not find it. The table stays, since others may use it by now. */
  *avic_vcpu_free(vcpu: Vcpu): Task<void> {
    rule("avic.physical.table-once");
    const cell = to_kvm_svm(vcpu.kvm).physical_id_table;
    yield cell.load;
    const entry = cell.now?.cells.get(vcpu.vcpu_id);
    if (entry === undefined) return;
    yield entry.load;
    if (!entry.now.valid) return;
    yield entry.store;
    entry.now = { backing_page: undefined, host_physical_id: 0, is_running: false, valid: false };
  },

  // --- The control block ---

  /** The last index that any vCPU of this VM can have in the table, whichever exist by now. */
  *avic_get_max_physical_id({ limit: { max_vcpu_ids } }: Kvm): Task<number> {
    rule("avic.vmcb.max-index-from-the-limit");
    yield max_vcpu_ids.load;
    return Math.min(max_vcpu_ids.now - 1, AVIC_MAX_PHYSICAL_ID);
  },

  *avic_activate_vmcb(vcpu: Vcpu): Task<void> {
    const { vmcb } = to_vcpu_svm(vcpu);
    vmcb.avic_physical_max_index = yield* avic.avic_get_max_physical_id(vcpu.kvm);
    vmcb.avic_enable = true;
  },

  *avic_deactivate_vmcb(vcpu: Vcpu): Task<void> {
    const { vmcb } = to_vcpu_svm(vcpu);
    vmcb.avic_enable = false;
    vmcb.avic_physical_max_index = 0;
  },

  /** `apicv_active` has changed. While it was off, nobody watched what the guest wrote to LDR and DFR. */
  *avic_refresh_apicv_exec_ctrl(vcpu: Vcpu): Task<void> {
    const { apicv_active } = to_lapic(vcpu);
    yield apicv_active.load;
    if (apicv_active.now) {
      yield* avic_logical.avic_apicv_post_state_restore(vcpu);
      yield* avic.avic_activate_vmcb(vcpu);
      yield* avic.avic_vcpu_load(vcpu);
    } else {
      yield* avic.avic_deactivate_vmcb(vcpu);
      yield* avic.avic_vcpu_put(vcpu);
    }
  },

  // --- IsRunning ---

  *svm_vcpu_load(vcpu: Vcpu): Task<void> {
    if (yield* avic.kvm_vcpu_apicv_active(vcpu)) yield* avic.avic_vcpu_load(vcpu);
  },

  *svm_vcpu_put(vcpu: Vcpu): Task<void> {
    if (yield* avic.kvm_vcpu_apicv_active(vcpu)) yield* avic.avic_vcpu_put(vcpu);
  },

  *kvm_vcpu_apicv_active(vcpu: Vcpu): Task<boolean> {
    const { apicv_active } = to_lapic(vcpu);
    yield apicv_active.load;
    return apicv_active.now;
  },

  /** From here on senders ring the doorbell of this host CPU, and do not exit. */
  *avic_vcpu_load(vcpu: Vcpu): Task<void> {
    rule("avic.running.not-while-blocking");
    if (yield* block.kvm_vcpu_is_blocking(vcpu)) return;
    rule("avic.running.follows-scheduling");
    const entry = own_entry(vcpu);
    yield entry.load;
    const loaded = { ...entry.now, host_physical_id: host_physical_id(vcpu), is_running: true };
    yield entry.store;
    entry.now = loaded;
  },

  /** From here on senders exit after they have set the IRR, and wake the vCPU. */
  *avic_vcpu_put(vcpu: Vcpu): Task<void> {
    rule("avic.running.follows-scheduling");
    const entry = own_entry(vcpu);
    yield entry.load;
    if (!entry.now.is_running) return;
    const put = { ...entry.now, is_running: false };
    yield entry.store;
    entry.now = put;
  },

  /** Before the thread looks at the IRR the last time: an IPI that comes later makes its sender exit. */
  *avic_vcpu_blocking(vcpu: Vcpu): Task<void> {
    rule("avic.running.cleared-before-blocking");
    if (yield* avic.kvm_vcpu_apicv_active(vcpu)) yield* avic.avic_vcpu_put(vcpu);
  },

  *avic_vcpu_unblocking(vcpu: Vcpu): Task<void> {
    if (yield* avic.kvm_vcpu_apicv_active(vcpu)) yield* avic.avic_vcpu_load(vcpu);
  },
});

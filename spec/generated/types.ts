// Made by `npm run generate` from spec/schema/ and the tables in spec/. Do not edit.
/** Every rule of spec/rules/, and those that own a forbidden pair of locks. */
export type RuleId =
  | "apicpg.access.reaches-the-apic"
  | "apicpg.cache.looks-at-all-invalidations"
  | "apicpg.flush.by-who-zaps"
  | "apicpg.flush.one-per-migration"
  | "apicpg.flush.under-mmu-lock"
  | "apicpg.invalidate.active-from-first-to-last"
  | "apicpg.invalidate.caches-first"
  | "apicpg.invalidate.counts-before-zap"
  | "apicpg.invalidate.end-balances-start"
  | "apicpg.invalidate.sequence-first"
  | "apicpg.mode.back-to-xapic-flushes"
  | "apicpg.mode.back-to-xapic-reloads"
  | "apicpg.page.in-the-vms-process"
  | "apicpg.page.not-held"
  | "apicpg.page.one"
  | "apicpg.page.shared"
  | "apicpg.reload.asked-of-every-vcpu"
  | "apicpg.reload.asked-only-for-the-page"
  | "apicpg.reload.awaits-acknowledgement"
  | "apicpg.reload.does-not-flush"
  | "apicpg.reload.done-once-l2-is-left"
  | "apicpg.reload.never-waits"
  | "apicpg.reload.only-from-a-slot"
  | "apicpg.reload.only-if-used"
  | "apicpg.reload.only-what-is-there"
  | "apicpg.reload.only-with-hook"
  | "apicpg.reload.pending-blocks-entry"
  | "apicpg.reload.retries"
  | "apicpg.reload.samples-first"
  | "apicpg.reload.stalled-vcpu-serves-others"
  | "apicpg.reload.waits-for-l1"
  | "apicpg.reload.writes-under-mmu-lock"
  | "apicpg.requests.served-in-order"
  | "apicpg.retry.only-what-is-invalidated"
  | "apicpg.retry.range-is-union"
  | "apicpg.retry.whatever-ended"
  | "apicpg.slot.deleted-if-there"
  | "apicpg.slot.given-up-for-good"
  | "apicpg.slot.made-once"
  | "apicpg.slot.no-overlap"
  | "apicpg.slot.only-if-needed"
  | "apicpg.slot.private-ids-refused"
  | "apicpg.slot.stays-as-made"
  | "apicv.absent.until-irqchip"
  | "apicv.blockirq.any-vcpu"
  | "apicv.inhibit.foreign-reasons-ignored"
  | "apicv.inhibit.kick-first"
  | "apicv.inhibit.only-transitions-kick"
  | "apicv.inhibit.page-comes-back"
  | "apicv.inhibit.page-is-not-mapped"
  | "apicv.inhibit.zap-moves-the-sequence"
  | "apicv.inhibit.zaps-apic-page"
  | "apicv.vcpu.follows-mask"
  | "apicv.vcpu.looks-for-interrupts-when-off"
  | "avic.backing-page.is-the-lapics"
  | "avic.ipi.every-target-woken"
  | "avic.ipi.invalid-target-emulated"
  | "avic.ipi.not-running-only-woken"
  | "avic.ipi.once-by-whichever-way"
  | "avic.lapic.keeps-bits-that-exist"
  | "avic.logical.cache-follows-every-ldr"
  | "avic.logical.dfr-invalidates-in-old-mode"
  | "avic.logical.index"
  | "avic.logical.old-entry-invalidated"
  | "avic.logical.one-bit-only"
  | "avic.logical.resynced"
  | "avic.physical.entry-by-id"
  | "avic.physical.id-too-big-inhibits"
  | "avic.physical.no-vcpu-without-a-table"
  | "avic.physical.one-store"
  | "avic.physical.table-once"
  | "avic.running.cleared-before-blocking"
  | "avic.running.follows-scheduling"
  | "avic.running.irr-looked-at-last"
  | "avic.running.not-while-blocking"
  | "avic.slot.one-page-for-all"
  | "avic.slot.only-if-activated"
  | "avic.vmcb.max-index-from-the-limit"
  | "ipiv.control.failure-is-reported"
  | "ipiv.control.follows-apicv"
  | "ipiv.entry.by-id"
  | "ipiv.entry.goes-before-its-vcpu"
  | "ipiv.entry.survives-a-duplicate"
  | "ipiv.entry.valid"
  | "ipiv.ipi.undeliverable-emulated"
  | "ipiv.l2.vmcs01-catches-up"
  | "ipiv.l2.vmcs02-untouched"
  | "ipiv.module.needs-apicv-and-hardware"
  | "ipiv.posted.on-cleared-first"
  | "ipiv.posted.seen-at-entry"
  | "ipiv.posted.wakes-the-sleeper"
  | "ipiv.table.after-the-limit"
  | "ipiv.table.no-vcpu-without-it"
  | "ipiv.table.once"
  | "ipiv.table.only-if-usable"
  | "ipiv.table.sized-by-limit"
  | "ipiv.vmcs.last-index"
  | "ipiv.vmcs.set-though-inhibited"
  | "lock.apicv.inside-all"
  | "lock.apicv.no-synchronize-inside"
  | "lock.atomic.nothing-sleeps"
  | "lock.block.looks-again"
  | "lock.kick.enters-unless-asked"
  | "lock.kick.outside-once-out"
  | "lock.kick.publish-before-look"
  | "lock.kick.request-before-look"
  | "lock.kick.serves-what-was-asked"
  | "lock.kick.waits-for-acknowledgement"
  | "lock.kick.wakes-or-marks"
  | "lock.notifier.count-lock-is-a-leaf"
  | "lock.notifier.looks-again"
  | "lock.notifier.no-slots-lock"
  | "lock.notifier.swap-waits"
  | "lock.notifier.wakes-at-zero"
  | "lock.order.gpc-before-mmu"
  | "lock.order.kvm-lock-first"
  | "lock.order.no-cycle"
  | "lock.order.slots-lock-first"
  | "lock.routing.copied-inside-a-section"
  | "lock.routing.freed-after-readers"
  | "lock.routing.replaced-under-irq-lock"
  | "lock.routing.waits-without-irq-lock"
  | "lock.rq.no-gpc-wait-inside"
  | "lock.spin.nothing-sleeps-inside"
  | "lock.srcu.caches-looked-at-inside"
  | "lock.srcu.no-kvm-lock-inside"
  | "lock.srcu.no-section-while-blocked"
  | "lock.srcu.no-slots-lock-inside"
  | "lock.srcu.no-synchronize-inside"
  | "lock.srcu.no-vcpu-mutex-inside"
  | "lock.srcu.one-section-per-vcpu"
  | "lock.srcu.synchronize-after-slots-arch"
  | "lock.xen.covers-attributes"
  | "lock.xen.leaf"
  | "lock.xen.no-synchronize-inside"
  | "synic.auto-eoi.any-unmasked-sint"
  | "synic.auto-eoi.counted-with-inhibit"
  | "synic.auto-eoi.counts-vcpus"
  | "synic.auto-eoi.no-memslot-change"
  | "synic.auto-eoi.old-vector-too"
  | "synic.enable.leaves-apicv-on"
  | "synic.enable.needs-irqchip"
  | "synic.inactive.only-zero-from-host"
  | "synic.init.sints-masked"
  | "synic.sint.rebuilds-eoi-exits"
  | "synic.sint.vector-min"
  | "synic.vector.any-unmasked-sint"
  | "vcpuid.boot.before-vcpus"
  | "vcpuid.boot.within-limit"
  | "vcpuid.create.count-judged-first"
  | "vcpuid.create.counted-before-found"
  | "vcpuid.create.failure-gives-back"
  | "vcpuid.create.one-critical-section"
  | "vcpuid.create.published-with-its-mutex"
  | "vcpuid.create.slot-before-count"
  | "vcpuid.create.walked-by-online"
  | "vcpuid.id.duplicate-refused"
  | "vcpuid.id.full-width"
  | "vcpuid.id.outlives-its-fd"
  | "vcpuid.id.refused-before-the-latch"
  | "vcpuid.irqchip.before-vcpus"
  | "vcpuid.limit.at-most-the-ceiling"
  | "vcpuid.limit.ceiling-reported"
  | "vcpuid.limit.exclusive"
  | "vcpuid.limit.first-vcpu-latches"
  | "vcpuid.limit.flags-refused"
  | "vcpuid.limit.frees-what-it-sized"
  | "vcpuid.limit.not-below-boot-id"
  | "vcpuid.limit.one-winner"
  | "vcpuid.limit.outlives-a-failed-creation"
  | "vcpuid.limit.write-once"
  | "vcpuid.limit.zero-sets-nothing"
  | "xencfg.attribute.takes-effect"
  | "xencfg.runstate-addr.unset-is-enoent"
  | "xencfg.shared-info.any-backed-frame"
  | "xencfg.vcpu-info.latched-until-registered"
  | "xencfg.vcpu-info.one-page"
  | "xencfg.vcpu-info.only-where-registered"
  | "xencfg.vector.reserved-refused"
  | "xenev.block.shadow-is-work"
  | "xenev.block.unmapped-is-looked-at-awake"
  | "xenev.cache.follows-memslots"
  | "xenev.cache.listed-while-active"
  | "xenev.cache.lookup-is-repeated"
  | "xenev.irqfd.work-only-if-blocked"
  | "xenev.pending.before-mask"
  | "xenev.port.by-current-mode"
  | "xenev.send.answers-success"
  | "xenev.send.fast-first"
  | "xenev.send.refreshes-and-retries"
  | "xenev.send.without-xen-lock"
  | "xenev.shadow.if-unmapped"
  | "xenev.shadow.keeps-later-bits"
  | "xenev.upcall.on-new-selector"
  | "xenev.wouldblock.before-any-change"
  | "xenrs.copy.made-good-if-it-may-sleep"
  | "xenrs.data.must-add-up"
  | "xenrs.flag.around-the-data"
  | "xenrs.register.writes-at-once"
  | "xenrs.sched-out.never-sleeps"
  | "xenrs.state.preempted-is-runnable"
  | "xenrs.times.advance-unseen"
  | "xenrs.times.first-is-offline"
  | "xenrs.times.to-the-state-left";

/** Every feature of spec/features.yaml. */
export type FeatureName =
  | "apic_access_page"
  | "apicv"
  | "avic"
  | "hyperv.synic"
  | "ipiv"
  | "locking"
  | "memslots"
  | "vcpu"
  | "xen.evtchn"
  | "xen.runstate";

/** Every call of spec/calls.yaml. */
export type CallName =
  | "child.create_vcpu"
  | "clock.advance"
  | "guest.apic_read"
  | "guest.apic_write"
  | "guest.enter_l2"
  | "guest.hlt"
  | "guest.leave_l2"
  | "guest.nop"
  | "guest.rdmsr"
  | "guest.send_ipi"
  | "guest.set_apic_mode"
  | "guest.wrmsr"
  | "guest.xen_read_runstate"
  | "mm.fork"
  | "mm.invalidate_range_end"
  | "mm.invalidate_range_start"
  | "mm.migrate"
  | "mm.move_page"
  | "mm.unmap"
  | "sched.preempt"
  | "vcpu.close"
  | "vcpu.enable_cap"
  | "vcpu.get_msrs"
  | "vcpu.give_up_apic_page"
  | "vcpu.kick"
  | "vcpu.pre_fault_memory"
  | "vcpu.refresh_apicv"
  | "vcpu.set_guest_debug"
  | "vcpu.set_lapic"
  | "vcpu.set_msrs"
  | "vm.check_extension"
  | "vm.create_irqchip"
  | "vm.create_pit2"
  | "vm.create_vcpu"
  | "vm.destroy"
  | "vm.enable_cap"
  | "vm.irq_line"
  | "vm.set_boot_cpu_id"
  | "vm.set_gsi_routing"
  | "vm.set_user_memory_region"
  | "vmm.xen_mask"
  | "vmm.xen_read_runstate"
  | "vmm.xen_take_upcall"
  | "vmm.xen_unmask"
  | "xen.evtchn_irqfd"
  | "xen.evtchn_send"
  | "xen.hvm_set_attr"
  | "xen.vcpu_get_attr"
  | "xen.vcpu_set_attr";

/** Every limit of spec/calls.yaml. */
export type LimitName =
  | "max_vcpu_id"
  | "max_vcpus";

/** Every symbol of spec/calls.yaml. */
export type SymbolName =
  | "APIC_BASE"
  | "EOM"
  | "PAGE"
  | "SCONTROL"
  | "SIEFP"
  | "SIMP"
  | "SINT0"
  | "SINT1"
  | "SINT15"
  | "SVERSION";

/** Every read of spec/reads.yaml; `*` stands for a number or a name. */
export type ReadPattern =
  | "apic_page.frame"
  | "apic_page.pages"
  | "apic_page.references"
  | "apic_page.shared"
  | "apic_page.slot"
  | "apic_page.translation"
  | "apicv.inhibited"
  | "apicv.inhibits"
  | "avic.logical.*.target"
  | "avic.logical_named_twice"
  | "avic.physical.*.host"
  | "avic.physical.*.is_running"
  | "avic.physical.*.owner"
  | "avic.physical.*.valid"
  | "ipiv.pages"
  | "ipiv.pid_table.bytes"
  | "ipiv.pid_table.dead_ids"
  | "ipiv.pid_table.used_ids"
  | "irq_routing.tables"
  | "memslots.generation"
  | "mmu.remote_tlb_flush"
  | "mmu_notifier.active"
  | "mmu_notifier.in_progress"
  | "synic.auto_eoi_vcpus"
  | "vcpu.*.apicv_active"
  | "vcpu.*.blocking"
  | "vcpu.*.dfr"
  | "vcpu.*.in_guest"
  | "vcpu.*.irr"
  | "vcpu.*.ldr"
  | "vcpu.*.mode"
  | "vcpu.*.pid.listed"
  | "vcpu.*.pid.on"
  | "vcpu.*.pid.pir"
  | "vcpu.*.pid.vector"
  | "vcpu.*.pid_entry"
  | "vcpu.*.request.*"
  | "vcpu.*.synic.auto_eoi"
  | "vcpu.*.synic.vectors"
  | "vcpu.*.tlb.apic_page"
  | "vcpu.*.tlb_flush"
  | "vcpu.*.vmcb.avic_enable"
  | "vcpu.*.vmcb.avic_max_index"
  | "vcpu.*.vmcs.APIC_ACCESS_ADDR"
  | "vcpu.*.vmcs.EXIT_REASON"
  | "vcpu.*.vmcs.IPI_VIRT"
  | "vcpu.*.vmcs.LAST_PID_POINTER_INDEX"
  | "vcpu.*.vmcs.PID_POINTER_TABLE"
  | "vcpu.*.vmcs.VIRTUALIZE_APIC_ACCESSES"
  | "vcpu.*.vmcs.VIRT_INTR_DELIVERY"
  | "vcpu.*.vmcs02.IPI_VIRT"
  | "vcpu.*.vmcs02.VIRT_INTR_DELIVERY"
  | "vm.boot_cpu_id"
  | "vm.created_vcpus"
  | "vm.irqchip_mode"
  | "vm.max_vcpu_ids"
  | "vm.online_vcpus"
  | "vm.vcpu_array.*"
  | "xen.shared_info.mapped"
  | "xen.shared_info.pending.*"
  | "xen.shared_info.vcpu_info.*.pending_sel"
  | "xen.vcpu.*.pending_sel"
  | "xen.vcpu.*.runstate.adds_up"
  | "xen.vcpu.*.runstate.entry_time"
  | "xen.vcpu.*.runstate.state"
  | "xen.vcpu.*.runstate.updating"
  | "xen.vcpu.*.runstate_mapped"
  | "xen.vcpu.*.shadow_sel"
  | "xen.vcpu.*.upcall_pending"
  | "xen.vcpu.*.vcpu_info_mapped";

/** Every event of spec/events.yaml; `*` stands for a number or a name. */
export type EventPattern =
  | "apicv.inhibits.stored"
  | "ipiv.pid_table.allocated"
  | "irq_routing.freed"
  | "irq_routing.published"
  | "lock.*.released"
  | "lock.*.taken"
  | "memslots.swapped"
  | "mmu.spte_zapped"
  | "mmu.tlb_flush"
  | "mmu_notifier.active.lowered"
  | "mmu_notifier.active.raised"
  | "mmu_notifier.drained"
  | "mmu_notifier.in_progress.lowered"
  | "mmu_notifier.in_progress.raised"
  | "mmu_notifier.seq.advanced"
  | "srcu.*.entered"
  | "srcu.*.left"
  | "srcu.*.synchronize"
  | "vcpu.*.entered"
  | "vcpu.*.irr.set"
  | "vcpu.*.mode.looked_at"
  | "vcpu.*.pid.posted"
  | "vcpu.*.request.*.made"
  | "vcpu.*.request.*.served"
  | "vcpu.*.vmcs.*.write_failed"
  | "vcpu.*.vmcs.*.written"
  | "vcpu.*.vmcs02.*.written"
  | "vm.max_vcpu_ids.set"
  | "vm.vcpus.published.*"
  | "vm.vcpus.walked.*"
  | "xen.irqfd.work_queued"
  | "xen.vcpu.*.runstate.flag_cleared"
  | "xen.vcpu.*.runstate.flag_set"
  | "xen.vcpu.*.runstate.written"
  | "xen.vcpu.*.upcall";

/** Every lock class of spec/locks.yaml. */
export type LockName =
  | "apicv_update_lock"
  | "gpc_list_lock"
  | "gpc_lock"
  | "gpc_refresh_lock"
  | "irq_lock"
  | "irq_srcu"
  | "kvm_lock"
  | "kvm_srcu"
  | "mmu_lock"
  | "mn_invalidate_lock"
  | "rq_lock"
  | "slots_arch_lock"
  | "slots_lock"
  | "vcpu_mutex"
  | "wqh_lock"
  | "xen_lock";

/** A wanted value: a literal, or one operator. */
export type Want = (string | number | boolean) | (string | number | boolean)[] | Operator;

export type Thread =
  | Call[]
  | {
      interrupts: string;
      calls: Call[];
    };

export type CheckClaim =
  | CheckName
  | {
      rule?: RuleId | undefined;
      check: CheckName;
    };

export type CheckName = "deadlock" | "atomic-sleep" | "lock-order" | "data-race" | "leak";

/** What is given, the threads, and what must hold. */
export interface Case {
  /** Permanent id: the area, then the finding in a few words. */
  case: string;
  /** What happens and what must come of it, for a reader who does not know the case. */
  about: string;
  /** The rules that the claims below belong to. */
  rules: RuleId[];
  given: Given;
  /** Calls made one after the other: the whole case, or the set-up before `threads`. */
  calls?: Call[] | undefined;
  /** Calls that race: each thread makes its own in order, and every interleaving is explored. */
  threads?: {
    [k: string]: Thread;
  };
  /** Judged in the first state, after every step that may change what is read, and at the end. */
  always?: Claim[] | undefined;
  /** States that at least one run of the reference reaches. */
  sometimes?: Pattern[] | undefined;
  /** Judged at the end of every run. */
  finally?: Claim[] | undefined;
  /** Claims about the order and number of events. */
  events?: EventClaim[] | undefined;
  /** Built-in checks that a rule of this case owns. */
  never?: CheckClaim[] | undefined;
  /** Everything that a race may come to: the reference reaches exactly these. */
  outcomes?: Outcome[] | undefined;
  /** Outcomes that only a real kernel may come to. */
  permitted?: Outcome[] | undefined;
  /** How many allocations the explorer may let fail, anywhere. */
  faults?: {
    alloc: number;
  };
  /** Needs more runs than the ordinary set allows: runs apart. */
  deep?: true | undefined;
}

/** The world that the case starts in; it is built, not reached by calls. */
export interface Given {
  /** Which hardware virtualization KVM is loaded with; `none` is what all have in common, `any` one that can virtualize the APIC. */
  backend: "vmx" | "svm" | "none" | "any";
  /** So many vCPUs exist, with ids from 0. */
  vcpus?: number | undefined;
  /** Who has the interrupt controllers; `kernel` unless said. */
  irqchip?: "kernel" | "split" | "none" | undefined;
  /** KVM's module parameters, all on unless said. */
  module?: {
    enable_apicv?: boolean | undefined;
    enable_ipiv?: boolean | undefined;
    flexpriority?: boolean | undefined;
    x2avic?: boolean | undefined;
  };
  /** What the processor has not, of what the backend's processors can have. */
  lacks?: ("secondary_controls" | "ipi_virtualization")[] | undefined;
  /** The vCPUs with SynIC enabled. */
  synic?: number[] | undefined;
  /** A translation for the APIC-access page exists, and these vCPUs' TLBs hold it. */
  apic_page_mapped?: number[] | undefined;
  /** Xen is configured, with these areas registered: shared_info at 0x10000, the vcpu_info of vCPU n at 0x2n000, its runstate at 0x3n000. Memory slot 0 is 1 MiB from address 0. */
  xen?: {
    long_mode?: boolean | undefined;
    shared_info?: boolean | undefined;
    upcall_vector?: number | undefined;
    vcpu_info?: number[] | undefined;
    runstate?: number[] | undefined;
    runstate_update_flag?: boolean | undefined;
  };
}

/** One operation; what is not named here is an argument, declared in spec/calls.yaml. */
export interface Call {
  do: CallName;
  rule?: RuleId | undefined;
  returns?: Want | undefined;
  then?: Pattern | undefined;
  stays?: "blocked" | undefined;
  /** Made so often, one after the other, with the same answer each time; `nth` in an argument counts. Not in a race. */
  repeat?: number | Limit | undefined;
  [k: string]: unknown;
}

export interface Operator {
  at_least?: number | undefined;
  at_most?: number | undefined;
  one_of?: Want[] | undefined;
  not?: Want | undefined;
  /** Another read. */
  same_as?: string | undefined;
  bits?: {
    mask: string;
    value: string;
  };
  /** A limit that the implementation reports. */
  limit?: LimitName | undefined;
  plus?: number | undefined;
  becomes?: Want | undefined;
  was?: Want | undefined;
  changes?: boolean | undefined;
  /** No bit, once set, is cleared. */
  never_loses?: true | undefined;
}

/** What reads must show: a map of read to wanted value; all must hold. */
export interface Pattern {
  any_of?: Pattern[] | undefined;
  /** Judged only while nobody holds this lock for writing. */
  unlocked?: LockName | undefined;
  [k: string]: Want | Pattern[] | LockName | undefined;
}

/** A limit that the implementation reports, and a number more. */
export interface Limit {
  limit: LimitName;
  plus?: number | undefined;
}

/** A pattern that a rule demands, or an implication. */
export interface Claim {
  rule?: RuleId | undefined;
  if?: Pattern | undefined;
  then?: Pattern | undefined;
  any_of?: Pattern[] | undefined;
  unlocked?: LockName | undefined;
  [k: string]: Want | RuleId | Pattern | Pattern[] | LockName | undefined;
}

export interface EventClaim {
  rule?: RuleId | undefined;
  /** No later one happens before an earlier one has. */
  order?: string[] | undefined;
  /** This does not happen. */
  never?: string | undefined;
  /** Only judged from the first to the second, on one thread. */
  between?: string[] | undefined;
  /** So often in every run. */
  count?: {
    [k: string]: Want;
  };
  if?: Pattern | undefined;
}

/** What each thread's calls return, by thread, and what the settled reads show. */
export interface Outcome {
  rule?: RuleId | undefined;
  returns: {
    [k: string]: Want[];
  };
  reads?: Pattern | undefined;
}

export type Version = string;

/** The rules of one area. */
export interface RuleFile {
  area: string;
  about: string;
  /** The mistakes that are known to be easy to make, by requirement. The bug that makes the second of VCPUID-03 is named `...-03b`. */
  mistakes?: {
    [k: string]: string[];
  };
  rules: Rule[];
}

/** One sentence that an implementation keeps or breaks. */
export interface Rule {
  /** Permanent id; its first word is its area. */
  rule: RuleId;
  /** One sentence with MUST or SHOULD. */
  says: string;
  level: "must" | "should";
  /** The numbers of the requirements that this rule states. */
  states: string[];
  feature: FeatureName;
  /** Pointers, no text of others. */
  source: {
    author: string;
    date: string;
    subject: string;
    commit?: string | undefined;
    file?: string | undefined;
    function?: string | undefined;
  };
  before?: Version | undefined;
  changed?: Version | undefined;
  fixed?: Version | undefined;
  /** The reads and events that show it. */
  shown_by?: string[] | undefined;
  /** Only shown under sequential consistency so far. */
  memory?: "sc" | undefined;
  /** About structure that no behaviour shows; a test of the model checks it. */
  structural?: true | undefined;
  /** What was believed before, and the proof against it. */
  corrects?: string | undefined;
  /** Why this rule has no case. */
  excluded?: string | undefined;
}

/** Mistakes that no case can show, since what they do is what the reference does. */
export interface EquivalentsFile {
  equivalents: Equivalent[];
}

export interface Equivalent {
  /** A listed mistake by its number and letter (VCPUID-03b), or a machine mutant by the name that it is reported under. */
  mutant: string;
  /** The rule that it might have broken. */
  rule: RuleId;
  /** Why nothing that a case can see differs. */
  argument: string;
}

export type Dotted = string;

/** The vocabulary: features, calls, reads, events and locks, one file each. */
export interface Tables {
  features?: {
    [k: string]: Feature;
  };
  calls?: {
    [k: string]: CallDeclaration;
  };
  /** Names that may stand for a number in an argument. */
  symbols?: {
    [k: string]: string;
  };
  /** What an implementation reports of its own bounds. */
  limits?: {
    [k: string]: {
      about: string;
      /** Values seen on real kernels: a literal in a case that equals one is a problem. */
      known: number[];
    };
  };
  reads?: {
    [k: string]: ReadDeclaration;
  };
  events?: {
    [k: string]: EventDeclaration;
  };
  locks?: {
    [k: string]: LockDeclaration;
  };
  forbidden?: ForbiddenPair[] | undefined;
}

export interface Feature {
  about: string;
}

export interface CallDeclaration {
  about: string;
  feature: FeatureName;
  /** A JSON Schema for each argument. */
  args?: Record<string, Record<string, unknown>> | undefined;
  optional?: string[] | undefined;
  /** Every answer that the call can give. */
  returns?: string[] | undefined;
}

export interface ReadDeclaration {
  about: string;
  feature: FeatureName;
  /** A JSON Schema for the value. */
  type: Record<string, unknown>;
  /** The cells it derives from, or the lock that guards what it derives from; `*` as in the name. */
  of: string[];
}

export interface EventDeclaration {
  about: string;
  feature: FeatureName;
}

export interface LockDeclaration {
  about: string;
  kind: "mutex" | "rwsem" | "spinlock" | "rwlock" | "srcu";
}

export interface ForbiddenPair {
  /** A lock class that is held; `notifier` is the MMU notifier's context. */
  outer: LockName | "notifier";
  /** A lock class that must not be taken then; `synchronize` waits for readers; `sleeping` is every lock that may sleep; `any` is every lock. */
  inner: LockName | "synchronize" | "sleeping" | "any";
  rule: RuleId;
}

/** Where real kernels do otherwise than the rules say, and what became of it. */
export interface Ledger {
  disagreements: Disagreement[];
}

/** One rule on some kernels: what was seen, what shows it, and the judgement. */
export interface Disagreement {
  rule: RuleId;
  /** Only in this case; in some case of the rule if not said. */
  case?: string | undefined;
  /** On these versions: `v6.12`, `>=v6.12`, `<v6.11`, or `>=v6.1 <v6.12`. */
  kernel?: string | undefined;
  /** On kernels that have all these traits. */
  on?: ("here" | "qemu" | "svm" | "vmx" | "pvm" | "avic")[] | undefined;
  /** What the kernel did, in a sentence. */
  observed: string;
  /** The trace, the call and its answer, or the line of the source that shows it. */
  shown_by: string;
  /** model-fixed: the model was wrong and was mended; version: kernels differ by version; kernel-bug: the kernel is wrong; backend: a limitation of how it was driven. */
  judgement: "model-fixed" | "version" | "kernel-bug" | "backend";
  /** Why this is the judgement. */
  about: string;
}

export type Request = Hello | Open | CallRequest | StepRequest | ReadRequest | Close;

export type Id = number;

export type Reply = HelloReply | OpenReply | CallReply | StepReply | RaceReply | ReadReply | CloseReply | ErrorReply;

/** 64-bit values are hex strings. */
export type Value = string | number | boolean | (string | number | boolean)[];

/** What the implementation's own checkers found. */
export type Reports = Report[];

export type Events = EventSeen[];

/** The six words: one JSON object a line each way; a reply repeats the request's id. */
export interface Dialogue {
  request?: Request | undefined;
  reply?: Reply | undefined;
}

export interface Hello {
  id?: Id | undefined;
  op: "hello";
  /** The newest protocol version that the runner speaks. */
  protocol: number;
  runner: string;
}

export interface Open {
  id?: Id | undefined;
  op: "open";
  given: Given;
  faults?: {
    alloc?: number | undefined;
  };
  /** Say the call path of each step. */
  paths?: boolean | undefined;
  /** The world is as the last one was: the first so many calls and steps of that one are made again before the reply. */
  again?: number | undefined;
  /** A claim looks at events: the replies are to tell of them. */
  events?: boolean | undefined;
  /** Control `free`: queue the calls that follow, and race them in so many fresh worlds. */
  repeat?: number | undefined;
  /** With `repeat`: where the delays of the threads come from. */
  seed?: number | undefined;
}

export interface CallRequest {
  id?: Id | undefined;
  op: "call";
  thread: string;
  /** The thread on whose stack this one runs. */
  interrupts?: string | undefined;
  do: string;
  args: Record<string, unknown>;
}

export interface StepRequest {
  id?: Id | undefined;
  op: "step";
  /** Who takes its step; without it, and after `repeat`, all queued calls are released. */
  thread?: string | undefined;
  pick?: number | undefined;
  /** What to read in each world once it has settled, in a step without a thread. */
  reads?: string[] | undefined;
}

export interface ReadRequest {
  id?: Id | undefined;
  op: "read";
  names: string[];
}

export interface Close {
  id?: Id | undefined;
  op: "close";
}

export interface HelloReply {
  id?: Id | undefined;
  protocol: 1;
  name: string;
  version: string;
  /** What is being driven. */
  kind: "model" | "kvm" | "vmm";
  /** The kernel version whose behaviour it claims. */
  kernel?: string | undefined;
  /** What tells this kernel from others of its version: the words that spec/disagreements.yaml knows. */
  traits?: string[] | undefined;
  control: "step" | "call" | "free";
  /** It remembers its last world, and can bring the next to where that one was. */
  again?: boolean | undefined;
  features: string[];
  /** Why features are not among those claimed. */
  absent?: {
    [k: string]: string;
  };
  calls: string[];
  reads: string[];
  events?: string[] | undefined;
  /** Which of the built-in checks it makes by itself, with the events that it tells: it reports what they find. */
  checks?: ("atomic-sleep" | "lock-order" | "data-race")[] | undefined;
  limits: {
    [k: string]: number;
  };
}

export interface OpenReply {
  id?: Id | undefined;
  /** Why there can be no such world here. */
  cannot?: string | undefined;
  threads?: Threads | undefined;
  reports?: Reports | undefined;
  /** After `again`: a thread did not announce what it did in the last world. */
  differs?: boolean | undefined;
}

/** Where threads stand now; one that is not named stands where it stood. */
export interface Threads {
  [k: string]: Standing;
}

/** Where one thread stands: what it would do next, or what its call returned. */
export interface Standing {
  next?: Announcement | undefined;
  ready?: boolean | undefined;
  /** The thread on whose stack this one runs, if not its own. */
  stack?: string | undefined;
  /** The operations that the step is in, outermost first. */
  path?: string[] | undefined;
  returned?: Value | undefined;
  unsupported?: true | undefined;
}

export interface Announcement {
  kind:
    | "load"
    | "store"
    | "rmw"
    | "fence"
    | "again"
    | "lock"
    | "unlock"
    | "read_lock"
    | "read_trylock"
    | "read_unlock"
    | "write_lock"
    | "write_unlock"
    | "srcu_enter"
    | "srcu_leave"
    | "srcu_flip"
    | "srcu_drain"
    | "arm"
    | "await"
    | "fork"
    | "start"
    | "exit"
    | "join"
    | "pick";
  on: readonly {readonly name: string}[];
  picks?: number | undefined;
  event?: string | undefined;
}

export interface Report {
  check: "atomic-sleep" | "lock-order" | "data-race" | "leak";
  what: string;
  rule?: string | undefined;
  /** Of locks: for each order in which they were taken, by whom and on which call paths. */
  chains?: string[] | undefined;
}

export interface CallReply {
  id?: Id | undefined;
  returned?: Value | undefined;
  blocked?: true | undefined;
  unsupported?: true | undefined;
  /** After `repeat`: it will be made in each world. */
  queued?: true | undefined;
  events?: Events | undefined;
  threads?: Threads | undefined;
  reports?: Reports | undefined;
}

export interface EventSeen {
  event: string;
  thread?: string | undefined;
}

/** Where those threads stand that stand elsewhere now. If it is only the one that took the step, `standing` is enough. */
export interface StepReply {
  id?: Id | undefined;
  standing?: Standing | undefined;
  threads?: Threads | undefined;
  reports?: Reports | undefined;
}

/** What a step without a thread came to. */
export interface RaceReply {
  id?: Id | undefined;
  outcomes: Raced[];
}

/** What some of the worlds came to, all of them to the same. */
export interface Raced {
  /** In how many worlds. */
  times: number;
  /** For each thread that calls were queued on, what they returned; `blocked` for one that did not return. */
  returns: {
    [k: string]: Value[];
  };
  reads: {
    [k: string]: Value;
  };
}

export interface ReadReply {
  id?: Id | undefined;
  values: {
    [k: string]: Value;
  };
}

export interface CloseReply {
  id?: Id | undefined;
  leaks?: string[] | undefined;
  /** The rules whose code was passed since the last close. */
  marks?: string[] | undefined;
  /** Which lock was taken inside which, by class, since the world was open. */
  nested?: Nesting[] | undefined;
  reports?: Reports | undefined;
}

/** One lock taken while another was held. If the inner one is an SRCU domain or the MMU notifier's context, its readers or its callbacks were waited for. */
export interface Nesting {
  outer: string;
  inner: string;
  /** By whom, and on which call paths, if they were asked for. */
  chain?: string | undefined;
}

export interface ErrorReply {
  id?: Id | undefined;
  /** The implementation crashed, in its own words. */
  error: string;
}

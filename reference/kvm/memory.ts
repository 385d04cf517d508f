/**
 * The records of the guest's memory: slots, translations, the host's pages behind them, and the
 * account of those that go. What makes and changes them is in the file of the same concept.
 */
import type { ReadersWriter } from "../sync/rwlock";
import type { SpinLock } from "../sync/spinlock";
import type { WaitQueue } from "../sync/wait";
import type { Cell, Step } from "../task";
import type { GuestMemory, Pfn } from "./guest_memory";

// --- Slots: memslots.ts -----------------------------------------------------------------------

export interface Memslot {
  readonly id: number;
  readonly base_gfn: number;
  readonly npages: number;
  /** The host virtual page that backs the first frame. */
  readonly hva: number;
  /** Set while the slot is being deleted: translations must not be made from it any more. */
  readonly invalid: boolean;
}

/** One published version of the table; never changed once published. */
export interface Table {
  readonly generation: number;
  readonly slots: readonly Memslot[];
}

export interface Memslots {
  readonly table: Cell<Table>;
  readonly swap: Step;
}

/** Guest frames of one slot, from `start` up to and without `end`. */
export interface GfnRange {
  readonly slot: Memslot;
  readonly start: number;
  readonly end: number;
}

// --- Translations: mmu.ts ---------------------------------------------------------------------

/** The translation of one guest frame. */
export interface Spte extends Cell<Pfn | undefined> {
  readonly zap: Step;
}

export interface Mmu {
  /** By guest frame: hardware walks them without any lock. */
  readonly sptes: Map<number, Spte>;
  /** How many remote flushes were posted: one each, however many vCPUs. */
  readonly remote_tlb_flush: Cell<number>;
  readonly flush: Step;
}

export interface Tlb {
  readonly name: string;
  readonly entries: Map<number, Cell<Pfn | undefined>>;
  /** How often the vCPU dropped them all, the kernel's statistic of that name. */
  readonly flushes: Cell<number>;
}

// --- The host's pages: host_mm.ts, mmu_notifier.ts, pfncache.ts -------------------------------

/** Host virtual pages, from `start` up to and without `end`. */
export interface HvaRange {
  readonly start: number;
  readonly end: number;
}

/** Memory that a process has mapped. A child that it forks gets copies of what is not shared. */
export interface Mapping {
  readonly hva: number;
  readonly npages: number;
  readonly shared: boolean;
}

/** The memory of the VMM's process: by host virtual page, touched without any lock of KVM. */
export interface HostMm {
  /** Which frame is behind a page: none, once it is unmapped. */
  readonly ptes: Map<number, Cell<Pfn | undefined>>;
  /** How many references KVM has to a frame, beyond that it is mapped: while there is one, the page does not migrate. */
  readonly references: Map<Pfn, Cell<number>>;
  /** What KVM has mapped there itself. */
  readonly mappings: Cell<readonly Mapping[]>;
  /** What is in the pages, as far as anybody looks at it. */
  readonly memory: GuestMemory;
}

/** The account of what is being invalidated. */
export interface Notifier {
  /** The invalidations that have begun and not ended; changed under mn_invalidate_lock, looked at without. */
  readonly active: Cell<number>;
  readonly begin: Step;
  readonly finish: Step;
  /** Where a memslot change waits for that count to be 0. */
  readonly drained: WaitQueue;
  /** How many of them overlap a slot; changed under mmu_lock. */
  readonly in_progress: Cell<number>;
  readonly raise: Step;
  readonly lower: Step;
  /** Moves when one ends; a lookup samples it without any lock. */
  readonly seq: Cell<number>;
  readonly advance: Step;
  /** Guarded by mmu_lock: the guest frames that the running ones cover, and maybe some between. */
  readonly range: { start: number; end: number };
}

/** What the notifier needs of one cache: enough to make it invalid. */
export interface CachedPfn {
  readonly name: string;
  readonly lock: ReadersWriter;
  /** Guarded by the lock: whether `pfn` may be used, what it was found by, and what it is. */
  readonly state: { valid: boolean; generation: number; hva: number; pfn: Pfn };
}

/** The caches that the notifier must reach. */
export interface PfnCaches {
  readonly list_lock: SpinLock;
  /** Guarded by the list's lock. */
  readonly list: { caches: readonly CachedPfn[] };
}

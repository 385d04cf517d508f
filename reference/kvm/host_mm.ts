/**
 * The memory of the VMM's process, as far as KVM has to do with it: what is mapped, which frame is
 * behind a page at this moment, and who refers to that frame. Source: mm/util.c, vm_mmap;
 * virt/kvm/kvm_main.c, hva_to_pfn.
 */
import { might_sleep } from "../sync/context";
import { until_newer } from "../sync/retry";
import { Cell, ops, rmw_all, versions, type Task } from "../task";
import { guest_memory_of, move_words, words_of, type Pfn } from "./guest_memory";
import type { HostMm, Mapping } from "./memory";
import type { Kvm } from "./types";

export function host_mm_of(): HostMm {
  return { ptes: new Map(), references: new Map(), mappings: new Cell<readonly Mapping[]>("mm.mappings", []), memory: guest_memory_of() };
}

/** Where guest memory is mapped in the VMM, in pages: frame n of the guest is page n from here. */
const GUEST_HVA = 0x7f0000000;

/** The host virtual page behind a guest frame, for every slot there is, KVM's own included. */
export function hva_of(gfn: number): number {
  return GUEST_HVA + gfn;
}

/** A page has at most so many frames, one after the other. */
const FRAMES_OF_A_PAGE = 16;

/** The entry for a page; its frames are numbered so that no two pages ever have the same one. */
export function pte(kvm: Kvm, hva: number): Cell<Pfn | undefined> {
  const { ptes } = kvm.mm;
  let cell = ptes.get(hva);
  if (cell === undefined) ptes.set(hva, (cell = new Cell<Pfn | undefined>(`mm.pte.0x${hva.toString(16)}`, hva * FRAMES_OF_A_PAGE)));
  return cell;
}

/** How many references there are to a frame. */
function references(kvm: Kvm, pfn: Pfn): Cell<number> {
  const { references } = kvm.mm;
  let cell = references.get(pfn);
  if (cell === undefined) references.set(pfn, (cell = new Cell(`mm.references.0x${pfn.toString(16)}`, 0)));
  return cell;
}

/** The references to all frames that a page has had. */
export function references_to(kvm: Kvm, hva: number): number {
  const frames = [...kvm.mm.references].filter(([pfn]) => Math.floor(pfn / FRAMES_OF_A_PAGE) === hva);
  return frames.reduce((sum, [, cell]) => sum + cell.now, 0);
}

export const host_mm = ops("host_mm", {
  /** Maps anonymous memory, readable and writable: nobody but KVM has asked for it. */
  *vm_mmap(kvm: Kvm, mapping: Mapping): Task<void> {
    const { mappings } = kvm.mm;
    yield mappings.rmw;
    mappings.now = [...mappings.now.filter(({ hva }) => hva !== mapping.hva), mapping];
  },

  /** Another frame is behind the page from here on, and the old one is somebody else's. */
  *move_page(kvm: Kvm, hva: number): Task<"ok"> {
    const cell = pte(kvm, hva);
    const words = words_of(kvm.mm.memory, hva);
    yield rmw_all([cell, ...words]);
    const moved = (cell.now ?? hva * FRAMES_OF_A_PAGE) + 1;
    cell.now = moved;
    move_words(kvm.mm.memory, hva, words, moved);
    return "ok";
  },

  /** The same, once nobody refers to the old frame, whose contents are to be taken along: tried again until then. */
  *migrate_page(kvm: Kvm, hva: number): Task<"ok"> {
    const cell = pte(kvm, hva);
    const words = words_of(kvm.mm.memory, hva);
    yield cell.load;
    while (cell.now !== undefined) {
      const pfn = cell.now;
      const refs = references(kvm, pfn);
      yield rmw_all([cell, refs, ...words]);
      if (cell.now === pfn && refs.now === 0) {
        cell.now++;
        move_words(kvm.mm.memory, hva, words, cell.now);
        return "ok";
      }
      // Only looked at from here on: were it tried again each time, two who move the page would wake each other for ever.
      let since = versions([cell, refs]);
      do {
        yield* until_newer([cell, refs], since);
        since = versions([cell, refs]);
      } while (cell.now === pfn && refs.now > 0);
    }
    return "ok";
  },

  /** Nothing is behind the page from here on. */
  *clear_page(kvm: Kvm, hva: number): Task<void> {
    const cell = pte(kvm, hva);
    yield cell.store;
    cell.now = undefined as Pfn | undefined;
  },

  /** The frame behind a page at this moment, without anything that keeps it there. May sleep until there is one. */
  *hva_to_pfn(kvm: Kvm, hva: number): Task<Pfn | undefined> {
    might_sleep("looking a page up");
    const cell = pte(kvm, hva);
    yield cell.load;
    return cell.now;
  },

  /** The frame behind a page, with a reference to it: that keeps it from being used again, not from being replaced. */
  *faultin_pfn(kvm: Kvm, hva: number): Task<Pfn | undefined> {
    const pfn = yield* host_mm.hva_to_pfn(kvm, hva);
    if (pfn === undefined) return undefined;
    const refs = references(kvm, pfn);
    yield refs.rmw;
    refs.now++;
    return pfn;
  },

  *release_pfn(kvm: Kvm, pfn: Pfn): Task<void> {
    const refs = references(kvm, pfn);
    yield refs.rmw;
    refs.now--;
  },
});

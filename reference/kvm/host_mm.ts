/**
 * The host's memory behind the guest: which frame backs each page of the VMM. KVM holds no reference
 * to a page that it has mapped. Source: virt/kvm/kvm_main.c, hva_to_pfn.
 */
import { Cell, ops, rmw_all, type Task } from "../task";
import { words_of, type Pfn } from "./guest_memory";
import type { HostMm } from "./memory";
import type { Kvm } from "./types";

export function host_mm_of(): HostMm {
  return { ptes: new Map(), memory: new Map() };
}

/** Where guest memory is mapped in the VMM, in pages: frame n of the guest is page n from here. */
const GUEST_HVA = 0x7f0000000;

/** The host virtual page behind a guest frame, for every slot there is, KVM's own included. */
export function hva_of(gfn: number): number {
  return GUEST_HVA + gfn;
}

/** The entry for a page; its frames are numbered so that no two pages ever have the same one. */
export function pte(kvm: Kvm, hva: number): Cell<Pfn> {
  const { ptes } = kvm.mm;
  let cell = ptes.get(hva);
  if (cell === undefined) ptes.set(hva, (cell = new Cell<Pfn>(`mm.pte.0x${hva.toString(16)}`, hva * 16)));
  return cell;
}

export const host_mm = ops("host_mm", {
  /** Only the move, between the two notifications: from here on the old frame is somebody else's. */
  *move_page(kvm: Kvm, hva: number): Task<"ok"> {
    const cell = pte(kvm, hva);
    const words = words_of(kvm.mm.memory, hva);
    yield rmw_all([cell, ...words]);
    cell.now++;
    for (const word of words) word.move(cell.now);
    return "ok";
  },

  /** The frame behind a page at this moment, without anything that keeps it there. */
  *hva_to_pfn(kvm: Kvm, hva: number): Task<Pfn> {
    const cell = pte(kvm, hva);
    yield cell.load;
    return cell.now;
  },
});

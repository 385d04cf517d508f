/** What changes the host's pages: KVM is told by its MMU notifier before one goes. Source: mm/rmap.c, try_to_migrate_one; mm/memory.c. */
import { ops, type Task } from "../task";
import { host_mm } from "./host_mm";
import { mmu_notifier } from "./mmu_notifier";
import type { Kvm } from "./types";

export const migration = ops("migration", {
  /** The page moves to another frame: whoever maps it is told before, and may map it again after. */
  *migrate(kvm: Kvm, hva: number): Task<"ok"> {
    const range = { start: hva, end: hva + 1 };
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_start(kvm, range);
    yield* host_mm.migrate_page(kvm, hva);
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_end(kvm, range);
    return "ok";
  },

  /** The VMM unmaps the page, whoever refers to its frame. */
  *unmap(kvm: Kvm, hva: number): Task<"ok"> {
    const range = { start: hva, end: hva + 1 };
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_start(kvm, range);
    yield* host_mm.clear_page(kvm, hva);
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_end(kvm, range);
    return "ok";
  },

  /** The VMM's process forks and goes on: where a page is private, it is the one that gets a copy. */
  *fork(kvm: Kvm): Task<"ok"> {
    const { mappings } = kvm.mm;
    yield mappings.load;
    for (const { shared, hva, npages } of mappings.now) if (!shared) yield* migration.copy_on_write(kvm, hva, npages);
    return "ok";
  },

  *copy_on_write(kvm: Kvm, hva: number, npages: number): Task<void> {
    const range = { start: hva, end: hva + npages };
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_start(kvm, range);
    for (let page = hva; page < range.end; page++) yield* host_mm.move_page(kvm, page);
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_end(kvm, range);
  },
});

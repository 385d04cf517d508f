/** What moves the host's pages: KVM is told by its MMU notifier before one goes. Source: mm/rmap.c, try_to_migrate_one. */
import { ops, type Task } from "../task";
import { host_mm } from "./host_mm";
import { mmu_notifier } from "./mmu_notifier";
import type { Kvm } from "./types";

export const migration = ops("migration", {
  /** The page moves to another frame: whoever maps it is told before, and may map it again after. */
  *migrate(kvm: Kvm, hva: number): Task<"ok"> {
    const range = { start: hva, end: hva + 1 };
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_start(kvm, range);
    yield* host_mm.move_page(kvm, hva);
    yield* mmu_notifier.kvm_mmu_notifier_invalidate_range_end(kvm, range);
    return "ok";
  },
});

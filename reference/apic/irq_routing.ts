/**
 * Where a GSI leads: a table of routes that readers find through one pointer, inside a read section of
 * irq_srcu, and that writers replace as a whole. Source: virt/kvm/irqchip.c, kvm_set_irq_routing,
 * kvm_irq_map_gsi.
 */
import type { Kvm } from "../kvm/types";
import { vcpus } from "../kvm/vcpus";
import { mutex_lock, mutex_unlock } from "../sync/mutex";
import { srcu_read_lock, srcu_read_unlock, synchronize_srcu } from "../sync/srcu";
import { Cell, guarded, ops, rmw_all, rule, type Step, type Task } from "../task";
import { lapic } from "./lapic";

/** What memory holds that was given back: so an interrupt by a route that is gone has a vector of its own. */
const POISON_FREE = 0x6b;

/** A message-signalled interrupt. */
export interface Route {
  readonly gsi: number;
  readonly vcpu_id: number;
  readonly vector: number;
}

/** Never changes while anybody can find it; then its memory is given back. */
export interface RoutingTable {
  readonly routes: Cell<readonly Route[]>;
}

export interface IrqRouting {
  readonly table: Cell<RoutingTable>;
  readonly publish: Step;
  /** Tables whose memory was not given back. */
  readonly allocated: Cell<ReadonlySet<RoutingTable>>;
  /** Guarded by irq_lock: how many tables there were. */
  readonly made: { tables: number };
}

export function to_irq_routing(kvm: Kvm): IrqRouting {
  return kvm.arch["irq_routing"] as IrqRouting;
}

function table_of(number: number, routes: readonly Route[]): RoutingTable {
  return { routes: new Cell(`irq_routing.${number}.routes`, routes) };
}

/** A new VM has a table without routes. */
export function irq_routing_init(kvm: Kvm): void {
  const empty = table_of(0, []);
  const table = new Cell("irq_routing.table", empty);
  kvm.arch["irq_routing"] = {
    table,
    publish: table.as("store", "irq_routing.published"),
    allocated: new Cell("irq_routing.allocated", new Set([empty])),
    made: guarded(kvm.irq_lock, { tables: 1 }),
  } satisfies IrqRouting;
}

export const irq_routing = ops("irq_routing", {
  /** KVM_SET_GSI_ROUTING: these routes, and no others. */
  *kvm_set_irq_routing(kvm: Kvm, routes: readonly Route[]): Task<"ok"> {
    const old = yield* irq_routing.replace(kvm, routes);
    rule("lock.routing.freed-after-readers");
    rule("lock.routing.waits-without-irq-lock");
    yield* synchronize_srcu(kvm.irq_srcu);
    yield* irq_routing.free(kvm, old);
    return "ok";
  },

  /** A new irqchip has its own routes, of which no GSI of a case is one. Under kvm_lock. */
  *kvm_setup_default_irq_routing(kvm: Kvm): Task<void> {
    yield* irq_routing.kvm_set_irq_routing(kvm, []);
  },

  /** Puts a new table in the place of the old one, which readers may still use, and gives that back. */
  *replace(kvm: Kvm, routes: readonly Route[]): Task<RoutingTable> {
    const { table, publish, allocated, made } = to_irq_routing(kvm);
    rule("lock.order.kvm-lock-first");
    rule("lock.order.slots-lock-first");
    rule("lock.routing.replaced-under-irq-lock");
    yield* mutex_lock(kvm.irq_lock);
    const fresh = table_of(made.tables++, routes);
    yield allocated.rmw;
    allocated.now = new Set([...allocated.now, fresh]);
    yield table.load;
    const old = table.now;
    yield publish;
    table.now = fresh;
    yield* mutex_unlock(kvm.irq_lock);
    return old;
  },

  /** The memory is somebody else's from now on. */
  *free(kvm: Kvm, old: RoutingTable): Task<void> {
    const { allocated } = to_irq_routing(kvm);
    yield rmw_all([old.routes, allocated], "irq_routing.freed");
    old.routes.now = old.routes.now.map((route) => ({ ...route, vector: POISON_FREE }));
    allocated.now = new Set([...allocated.now].filter((each) => each !== old));
  },

  /** KVM_IRQ_LINE: the GSI is raised. One that leads nowhere is nobody's error. */
  *kvm_set_irq(kvm: Kvm, gsi: number): Task<"ok"> {
    const route = yield* irq_routing.kvm_irq_map_gsi(kvm, gsi);
    for (const vcpu of yield* vcpus.kvm_for_each_vcpu(kvm))
      if (vcpu.vcpu_id === route?.vcpu_id) yield* lapic.deliver_interrupt(vcpu, route.vector);
    return "ok";
  },

  /** Where a GSI leads: a copy, to be used when the table may be gone. */
  *kvm_irq_map_gsi(kvm: Kvm, gsi: number): Task<Route | undefined> {
    const { table } = to_irq_routing(kvm);
    rule("lock.routing.copied-inside-a-section");
    rule("lock.order.no-cycle");
    const session = yield* srcu_read_lock(kvm.irq_srcu);
    yield table.load;
    const { routes } = table.now;
    yield routes.load;
    const route = routes.now.find((each) => each.gsi === gsi);
    yield* srcu_read_unlock(kvm.irq_srcu, session);
    return route;
  },
});

/** Requests and kicks: how one vCPU thread is told to do something before it runs the guest again. */
import { await_ipi, send_ipi } from "../sync/ipi";
import { wake_up } from "../sync/wait";
import { Cell, load_all, ops, rule, type Step, type Task } from "../task";
import { vcpus } from "./vcpus";
import { REQUESTS, type Kvm, type RequestBit, type RequestName, type Vcpu } from "./types";

class Bit extends Cell<boolean> implements RequestBit {
  readonly make: Step;
  readonly serve: Step;

  constructor(name: string) {
    super(name, false);
    this.make = this.as("rmw", `${name}.made`);
    this.serve = this.as("rmw", `${name}.served`);
  }
}

/** The request bits of a new vCPU, and the step that looks at all of them at once. */
export function request_bits(vcpu_id: number): Pick<Vcpu, "requests" | "any_request" | "foreign_requests"> {
  const bits = REQUESTS.map((name) => [name, new Bit(`vcpu.${vcpu_id}.request.${name}`)] as const);
  return {
    requests: Object.fromEntries(bits) as Record<RequestName, RequestBit>,
    any_request: load_all(bits.map(([, bit]) => bit)),
    foreign_requests: bits.filter(([name]) => name !== "APIC_PAGE_RELOAD").map(([, bit]) => bit),
  };
}

/** Whether any request is pending; look at it only after announcing `any_request`. */
export function request_pending(vcpu: Vcpu): boolean {
  for (const name of REQUESTS) if (vcpu.requests[name].now) return true;
  return false;
}

export const requests = ops("requests", {
  *kvm_make_request(vcpu: Vcpu, name: RequestName): Task<void> {
    const bit = vcpu.requests[name];
    yield bit.make;
    bit.now = true;
  },

  /** Tests a request and clears it. */
  *kvm_check_request(vcpu: Vcpu, name: RequestName): Task<boolean> {
    const bit = vcpu.requests[name];
    rule("lock.kick.serves-what-was-asked");
    yield bit.load;
    if (!bit.now) return false;
    yield bit.serve;
    bit.now = false;
    return true;
  },

  /**
   * Posts a request to every vCPU. Returns only when each vCPU that was not outside guest mode has
   * acknowledged an interrupt: one that is already exiting included, since it may still be using
   * what the caller is about to take away. A blocked vCPU sleeps on.
   */
  *kvm_make_all_cpus_request(kvm: Kvm, name: RequestName): Task<void> {
    const tickets: [Vcpu, number][] = [];
    rule("lock.kick.request-before-look");
    for (const vcpu of yield* vcpus.kvm_for_each_vcpu(kvm)) {
      yield* requests.kvm_make_request(vcpu, name);
      if (yield* requests.kvm_request_needs_ipi(vcpu, true)) tickets.push([vcpu, yield* send_ipi(vcpu.pcpu)]);
    }
    rule("lock.kick.waits-for-acknowledgement");
    for (const [vcpu, ticket] of tickets) yield* await_ipi(vcpu.pcpu, ticket);
  },

  /** Moves a vCPU that is in guest mode to exiting, and says whether its CPU must be interrupted. */
  *kvm_request_needs_ipi(vcpu: Vcpu, waits: boolean): Task<boolean> {
    rule("lock.kick.waits-for-acknowledgement");
    yield vcpu.look_at_mode;
    const mode = vcpu.mode.now;
    if (mode === "IN_GUEST_MODE") vcpu.mode.now = "EXITING_GUEST_MODE";
    return waits ? mode !== "OUTSIDE_GUEST_MODE" : mode === "IN_GUEST_MODE";
  },

  /** Gets one vCPU to look at its requests: wakes it if it blocks, interrupts it if it is in the guest. */
  *kvm_vcpu_kick(vcpu: Vcpu): Task<"ok"> {
    rule("lock.kick.wakes-or-marks");
    yield* wake_up(vcpu.wait);
    if (yield* requests.kvm_request_needs_ipi(vcpu, false)) yield* send_ipi(vcpu.pcpu);
    return "ok";
  },
});

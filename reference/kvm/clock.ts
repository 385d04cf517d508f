/** Time goes on only when a case says so. Source: arch/x86/kvm/x86.c, get_kvmclock_ns. */
import { ops, type Task } from "../task";
import type { Kvm } from "./types";

export const clock = ops("clock", {
  *advance(kvm: Kvm, ns: bigint): Task<"ok"> {
    yield kvm.clock.rmw;
    kvm.clock.now += ns;
    return "ok";
  },
});

import type { Reply, Request, StepReply, Threads } from "../spec/generated/types";
import { capabilities } from "./kvm/capabilities";
import type { Kvm, RequestName, Result, Vcpu } from "./kvm/types";
import { honest, type HonestDoor } from "./honest";
import { step, type Ops, type Task } from "./task";

const OF = new Map([
  ["vm.created_vcpus", ["kvm_lock"]],
  ["vm.online_vcpus", ["vm.online_vcpus"]],
  ["vcpu.*.mode", ["vcpu.*.mode"]],
  ["memslots.generation", ["memslots.table"]],
]);

type Call = Pick<Request & { op: "call" }, "do" | "args">;

const CREATE: Call = { do: "vm.create_vcpu", args: { id: 1 } };
const CAP: Call = { do: "vm.enable_cap", args: { cap: "MAX_VCPU_ID", value: 2 } };
const SLOT: Call = { do: "vm.set_user_memory_region", args: { slot: 1, gpa: 0, size: 4096 } };
const RUN: Call = { do: "guest.nop", args: { vcpu: 0 } };

/** Runs each call on a thread of its own, under schedules drawn from a fixed seed. */
function drive(door: HonestDoor, calls: readonly Call[], rounds = 50): string[] {
  let seed = 12345;
  const random = (n: number): number => ((seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) >>> 9) % n;
  for (let round = 0; round < rounds; round++) {
    door({ op: "open", given: { backend: "none", vcpus: 1 } });
    const threads: Threads = {};
    const told = (name: string, reply: Reply): void => {
      const { standing, threads: others } = reply as StepReply;
      Object.assign(threads, others, standing && { [name]: standing });
    };
    calls.forEach((call, i) => told(`T${i}`, door({ op: "call", thread: `T${i}`, ...call })));
    for (;;) {
      const ready = Object.keys(threads).filter((name) => threads[name]?.ready === true);
      if (ready.length === 0) break;
      const name = ready[random(ready.length)] ?? "";
      told(name, door({ op: "step", thread: name }));
      door({ op: "read", names: [...OF.keys()] });
    }
    door({ op: "close" });
  }
  return [...door.lies];
}

const lying = (ops: Ops): HonestDoor => honest(OF, { name: "liar", ops });

test("the reference says truly what its steps touch", () => {
  expect(drive(honest(OF), [CREATE, CAP, SLOT, RUN])).toEqual([]);
});

test("a load that writes is found", () => {
  const door = lying({
    requests: {
      *kvm_check_request({ requests }: Vcpu, name: RequestName): Task<boolean> {
        yield requests[name].load;
        const had = requests[name].now;
        requests[name].now = false;
        return had;
      },
    },
    run: {
      *publish_and_look({ requests }: Vcpu): Task<boolean> {
        yield requests.EVENT.load;
        requests.EVENT.now = true;
        return true;
      },
    },
  });
  expect(drive(door, [RUN], 1)).toContain("a step announced as load vcpu.0.request.EVENT stores vcpu.0.request.EVENT");
});

test("data touched without its guard is found", () => {
  const door = lying({
    capabilities: {
      *enable_max_vcpu_id(kvm: Kvm, value: bigint): Task<Result> {
        yield kvm.online_vcpus.load;
        return yield* capabilities.latch_max_vcpu_id(kvm, Number(value));
      },
    },
  });
  expect(drive(door, [CAP], 1)).toContain("a step announced as load vm.online_vcpus loads kvm.locked.bsp_vcpu_id without kvm_lock");
});

test("a readiness that looks elsewhere is found", () => {
  const door = lying({
    capabilities: {
      *enable_max_vcpu_id(kvm: Kvm): Task<Result> {
        yield step("await", [kvm.notifier.drained], undefined, () => kvm.notifier.in_progress.now === 0);
        return "ok";
      },
    },
  });
  expect(drive(door, [CAP], 1)).toContain("the readiness of a step announced as await mmu_notifier.drained loads mmu_notifier.in_progress");
});

test("plain data that two threads share is found", () => {
  const door = lying({
    capabilities: {
      *enable_max_vcpu_id(kvm: Kvm): Task<Result> {
        yield kvm.online_vcpus.load;
        (kvm as { config: object }).config = { ...kvm.config };
        return "ok";
      },
    },
  });
  expect(drive(door, [CAP, CAP], 1).join()).toMatch(/kvm\.config, which another thread uses, and nothing guards/);
});

test("a read that omits a source is found", () => {
  const of = new Map([...OF, ["memslots.generation", ["mmu.remote_tlb_flush"]]]);
  expect(drive(honest(of), [SLOT], 1)).toEqual(["the read memslots.generation looks at memslots.table, which its `of:` omits"]);
});

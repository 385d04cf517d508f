import type { Given } from "../../spec/generated/types";
import { checked } from "./checked";
import { Cannot } from "./door";
import { doorTo, type Adapter } from "./in-process";

const toy: Adapter<Given> = {
  name: "toy",
  version: "1",
  kind: "vmm",
  features: ["vcpu"],
  limits: { max_vcpu_id: 64 },
  open: (given) => given,
  calls: { "vm.create_vcpu": (_, { id }) => (id === 0 ? "ok" : { blocked: true }) },
  reads: {
    "vm.online_vcpus": (given) => given.vcpus ?? 0,
    "vcpu.*.mode": (given) => Object.fromEntries(Array.from({ length: given.vcpus ?? 0 }, (_, i) => [i, "OUTSIDE_GUEST_MODE"])),
  },
  close: () => ["fd 3"],
};

test("a door says hello with the tables' names, and answers with what the functions return", () => {
  const door = checked(doorTo(toy));
  expect(door({ op: "hello", protocol: 1, runner: "t" })).toMatchObject({
    control: "call",
    calls: ["vm.create_vcpu"],
    reads: ["vm.online_vcpus", "vcpu.*.mode"],
  });
  expect(door({ op: "open", given: { backend: "none", vcpus: 2 } })).toEqual({});
  expect(door({ op: "call", thread: "P0", do: "vm.create_vcpu", args: { id: 0 } })).toEqual({ returned: "ok" });
  expect(door({ op: "call", thread: "P0", do: "vm.create_vcpu", args: { id: 1 } })).toEqual({ blocked: true });
  expect(door({ op: "call", thread: "P0", do: "guest.nop", args: {} })).toEqual({ unsupported: true });
  expect(door({ op: "close" })).toEqual({ leaks: ["fd 3"] });
});

test("a world that there cannot be is said to, with the reason; any other error is a crash", () => {
  const opens = (error: Error) =>
    doorTo({
      ...toy,
      open: () => {
        throw error;
      },
    });
  const request = { op: "open", given: { backend: "vmx" } } as const;
  expect(checked(opens(new Cannot("this is an AMD machine")))(request)).toEqual({ cannot: "this is an AMD machine" });
  expect(() => opens(new Error("no memory"))(request)).toThrow("no memory");
});

test("why a feature is absent is told with the greeting", () => {
  const door = checked(doorTo({ ...toy, absent: { "xen.evtchn": "KVM_CAP_XEN_HVM is 0" } }));
  expect(door({ op: "hello", protocol: 1, runner: "t" })).toMatchObject({ absent: { "xen.evtchn": "KVM_CAP_XEN_HVM is 0" } });
});

test("a read with a star shows every instance, and one instance by its name", () => {
  const door = doorTo(toy);
  door({ op: "open", given: { backend: "none", vcpus: 2 } });
  expect(door({ op: "read", names: ["vcpu.*.mode", "vm.online_vcpus"] })).toEqual({
    values: { "vcpu.0.mode": "OUTSIDE_GUEST_MODE", "vcpu.1.mode": "OUTSIDE_GUEST_MODE", "vm.online_vcpus": 2 },
  });
  expect(door({ op: "read", names: ["vcpu.1.mode"] })).toEqual({ values: { "vcpu.1.mode": "OUTSIDE_GUEST_MODE" } });
  expect(door({ op: "read", names: ["vcpu.7.mode"] })).toEqual({ values: {} });
});

test("a reply that does not fit the schema is the implementation's crash, a request that does not is the runner's bug", () => {
  const door = checked(() => ({ returned: "ok", mood: "fine" }) as never);
  expect(door({ op: "call", thread: "P0", do: "guest.nop", args: {} })).toEqual({
    error: 'its reply to call does not fit the schema: it must NOT have additional properties ("mood")',
  });
  expect(() => door({ op: "read", names: "all" as never })).toThrow("the runner made a request that does not fit the schema");
});

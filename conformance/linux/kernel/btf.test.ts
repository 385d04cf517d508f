import { existsSync, readFileSync } from "node:fs";
import { Btf } from "./btf";
import { BtfWriter } from "./btf-writer";

/** int; struct list_head {next, prev}; struct vm { union { int a; struct { int b, c; }; }; unsigned d:3, e:5; struct list_head list; int many[4]; }; */
function kernel(writer = new BtfWriter()): { writer: BtfWriter; int: number; list: number } {
  const int = writer.type(1, "int", 4, [32]);
  const list = 3;
  const pointer = writer.type(2, "", list);
  writer.struct("list_head", 16, [
    ["next", pointer, 0],
    ["prev", pointer, 64],
  ]);
  const inner = writer.struct("", 8, [
    ["b", int, 0],
    ["c", int, 32],
  ]);
  const union = writer.struct(
    "",
    8,
    [
      ["a", int, 0],
      ["", inner, 0],
    ],
    5,
  );
  const many = writer.type(3, "", 0, [int, int, 4]);
  const constant = writer.type(10, "", many);
  writer.struct("vm", 48, [
    ["", union, 0, 0],
    ["d", int, 64, 3],
    ["e", int, 67, 5],
    ["list", list, 128, 0],
    ["many", constant, 256, 0],
  ]);
  return { writer, int, list };
}

test("a member is found by its path, in what has no name and in arrays too", () => {
  const btf = new Btf(kernel().writer.blob());
  expect(btf.size("vm")).toBe(48);
  expect(btf.member("vm", "c")).toMatchObject({ offset: 4, size: 4 });
  expect(btf.member("vm", "a")).toMatchObject({ offset: 0, size: 4 });
  expect(btf.member("vm", "list.prev")).toMatchObject({ offset: 24, size: 8 });
  expect(btf.member("vm", "many")).toMatchObject({ offset: 32, size: 16 });
  expect(btf.member("vm", "many[3]")).toMatchObject({ offset: 44, size: 4 });
});

test("a bit field says where its bits are", () => {
  const btf = new Btf(kernel().writer.blob());
  expect(btf.member("vm", "d")).toMatchObject({ offset: 8, size: 4, bits: { at: 0, size: 3 } });
  expect(btf.member("vm", "e")).toMatchObject({ offset: 8, size: 4, bits: { at: 3, size: 5 } });
  expect(btf.member("vm", "a").bits).toBeUndefined();
});

test("a module's types go on where those of the kernel end", () => {
  const { writer, int, list } = kernel();
  const base = new Btf(writer.blob());
  const types = 8;
  const split = new BtfWriter(types, writer.stringLength());
  const forward = split.type(7, "vcpu", 0);
  const pointer = split.type(2, "", forward);
  split.struct("module_vm", 32, [
    ["count", int, 0],
    ["list", list, 64],
    ["first", pointer, 192],
  ]);
  split.struct("vcpu", 4, [["id", int, 0]]);
  split.type(6, "mode", 4, [split.name("OFF"), 0, split.name("ON"), 1, split.name("WRONG"), 0xffffffff], 3, true);
  const btf = new Btf(split.blob(), base);

  expect(btf.member("module_vm", "list.prev")).toMatchObject({ offset: 16, size: 8 });
  expect(btf.member("vm", "list.next").offset).toBe(16);
  // A pointer to what was only announced leads to the struct of that name.
  const vcpu = btf.pointee(btf.member("module_vm", "first").type);
  expect(vcpu).toBe(btf.record("vcpu"));
  expect(btf.memberOf(vcpu ?? 0, "id")).toMatchObject({ offset: 0, size: 4 });
  expect([...btf.values("mode")]).toEqual([
    ["OFF", 0],
    ["ON", 1],
    ["WRONG", -1],
  ]);
});

test("a wrong name is answered with those that there are", () => {
  const btf = new Btf(kernel().writer.blob());
  expect(() => btf.member("vm", "list.previous")).toThrow(
    'there is no "previous" of "list.previous" in struct list_head, which has next, prev',
  );
  expect(() => btf.member("vcpu", "id")).toThrow('describes no struct or union "vcpu"');
  expect(() => btf.values("mode")).toThrow('describes no enum "mode"');
  expect(() => btf.member("vm", "a.b")).toThrow("which has no members");
});

test("what is no BTF, or is cut short, or newer than this reader, is refused", () => {
  const blob = kernel().writer.blob();
  expect(() => new Btf(blob.subarray(0, blob.length - 1))).toThrow("cut short");
  expect(() => new Btf(Buffer.alloc(64))).toThrow("0xeb9f is missing");
  const newer = new BtfWriter();
  newer.type(20, "new", 0);
  expect(() => new Btf(newer.blob())).toThrow("kind 20");
});

const MACHINE = "/sys/kernel/btf/vmlinux";
const here = existsSync(MACHINE) ? test : test.skip;

here("the kernel of this machine is described as its headers have it", () => {
  const btf = new Btf(readFileSync(MACHINE));
  expect(btf.member("list_head", "prev")).toMatchObject({ offset: 8, size: 8 });
  expect(btf.size("list_head")).toBe(16);
  expect(btf.member("task_struct", "pid").size).toBe(4);
  expect(btf.pointee(btf.member("task_struct", "files").type)).toBe(btf.record("files_struct"));
});

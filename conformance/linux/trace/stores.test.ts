import { bitSetBy, placeInRegisters } from "./stores";

const set = (text: string): ReturnType<typeof bitSetBy> => bitSetBy(Buffer.from(text.replace(/ /g, ""), "hex"));

test("a constant bit is known from the instruction, on one CPU and on several", () => {
  // lock orb $0x1,0x3a(%rbx); the same with the prefix of a machine with one CPU; with a base that needs SIB; a long displacement
  expect(set("44 89 63 20 f0 80 4b 3a 01")).toEqual({ bit: 16 });
  expect(set("44 89 63 20 3e 80 4b 3a 20")).toEqual({ bit: 21 });
  expect(set("f0 41 80 4c 24 39 40")).toEqual({ bit: 14 });
  expect(set("f0 80 88 3c 00 00 00 02")).toEqual({ bit: 33 });
  expect(set("f0 80 08 04")).toEqual({ bit: 2 });
});

test("a bit that is in a register is known by the register", () => {
  // lock bts %rdx,0x38(%rax) and lock bts %r12,(%rdi)
  const inDx = set("f0 48 0f ab 50 38");
  expect(inDx).toEqual({ register: 2 });
  expect(placeInRegisters(2)).toBe(12);
  expect(set("3e 4c 0f ab 27")).toEqual({ register: 12 });
  expect(placeInRegisters(12)).toBe(3);
});

test("what clears bits, sets several or is something else sets none", () => {
  expect(set("f0 80 63 3a fe")).toBeUndefined();
  expect(set("f0 48 0f b3 50 38")).toBeUndefined();
  expect(set("f0 80 4b 3a 03")).toBeUndefined();
  expect(set("80 4b 3a 01")).toBeUndefined();
  expect(set("48 89 43 38")).toBeUndefined();
  expect(set("")).toBeUndefined();
});

import { markOf, readSchedule, writeSchedule } from "./schedule";

test("a schedule is read back as it was written", () => {
  const choices = [
    { thread: 0, pick: 0 },
    { thread: 1, pick: 1 },
    { thread: 10, pick: 0 },
    { thread: 35, pick: 26 },
  ];
  expect(writeSchedule(choices)).toBe("01AazZ");
  expect(readSchedule("01AazZ")).toEqual(choices);
  expect(readSchedule("")).toEqual([]);
});

test("what is no schedule is refused at its place", () => {
  expect(() => readSchedule("01-1")).toThrow('character 3 is "-"');
  expect(() => readSchedule("A0")).toThrow('character 1 is "A"');
  expect(() => readSchedule("0AA")).toThrow('character 3 is "A"');
});

test("more threads or picks than there are letters are refused", () => {
  expect(() => writeSchedule([{ thread: 36, pick: 0 }])).toThrow("thread 36, pick 0 cannot be written");
  expect(() => writeSchedule([{ thread: 0, pick: 27 }])).toThrow("thread 0, pick 27 cannot be written");
});

test("marks are read back, each with its step", () => {
  const [store, load] = [markOf({ kind: "store", objects: ["x"] }), markOf({ kind: "load", objects: ["x"] })];
  expect(readSchedule(`0A1.${store}${load}`)).toEqual([
    { thread: 0, pick: 1, mark: store },
    { thread: 1, pick: 0, mark: load },
  ]);
});

test("steps that touch something else, or otherwise, have other marks", () => {
  const kinds = ["load", "store", "rmw", "lock"] as const;
  const marks = kinds.flatMap((kind) => ["a", "b", "vcpu.0.mode", "vcpu.1.mode"].map((object) => markOf({ kind, objects: [object] })));
  expect(new Set(marks).size).toBe(16);
  for (const mark of marks) expect(mark).toMatch(/^[\w-]{2}$/);
});

test.each(["01.abc", "01.ab", "01.abcdef", "01.ab.d", "0.é1"])("%s, in which not each step has its mark, is refused", (text) => {
  expect(() => readSchedule(text)).toThrow("after the dot of a schedule stand two of");
});

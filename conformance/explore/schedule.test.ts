import { readSchedule, writeSchedule } from "./schedule";

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

import { Source } from "./source";

const parsed = (text: string): Source => {
  const source = new Source("a.yaml", Buffer.from(text));
  source.parse();
  return source;
};

test("a problem stands at its line and column, with a caret under it", () => {
  const source = parsed("calls:\n  - { do: x, id: 5 }\n");
  source.report("CASE-032", ["calls", 0, "id"], { message: "m" });
  expect(source.problems).toEqual([
    { code: "CASE-032", file: "a.yaml", line: 2, column: 18, message: "m", frame: "2 |   - { do: x, id: 5 }\n  |                  ^" },
  ]);
});

test("a problem can stand at a key", () => {
  const source = parsed("given: { vcpu: 2 }\n");
  source.report("CASE-001", ["given", "vcpu"], { message: "m", atKey: true });
  expect(source.problems[0]).toMatchObject({ line: 1, column: 10 });
});

test("a problem with what is missing stands at what it is missing from", () => {
  const source = parsed("about: x\ngiven: { vcpus: 2 }\n");
  source.report("CASE-002", ["given", "backend"], { message: "m" });
  expect(source.problems[0]).toMatchObject({ line: 2, column: 8 });
});

test("a byte order mark is not part of the text", () => {
  expect(parsed("\ufeffcase: x\n").value).toEqual({ case: "x" });
});

test("lines that end as on Windows are counted the same", () => {
  expect(parsed("a: 1\r\nb: *x\r\n").problems[0]).toMatchObject({ code: "YAML-004", line: 2, column: 4 });
});

test("the words of older YAML are words", () => {
  expect(parsed("a: yes\nb: 2022-04-04\nc: 1_000\n").value).toEqual({ a: "yes", b: "2022-04-04", c: "1_000" });
});

test("keys that every object has are keys like others", () => {
  const { value } = parsed("constructor: 1\ntoString: 2\n");
  expect(Object.entries(value as object)).toEqual([
    ["constructor", 1],
    ["toString", 2],
  ]);
});

test("nothing that is printed can steer a terminal", () => {
  const { problems } = parsed('"\u009b31m\u202e": 1\n"\u009b31m\u202e": 2\n');
  expect(problems).toHaveLength(1);
  expect(JSON.stringify(problems)).not.toMatch(/\u009b|\u202e/);
});

test("a hundred mistakes give twenty problems", () => {
  expect(parsed(Array.from({ length: 100 }, (_, i) => `k${String(i)}: 1.5`).join("\n")).problems).toHaveLength(20);
});

test("a long line is shown around the place", () => {
  const { problems } = parsed(`a: ${"x".repeat(500)}: *y\n`);
  const [shown, carets] = problems[0]?.frame.split("\n") ?? [];
  expect(shown?.length).toBeLessThan(120);
  expect(carets).toContain("^");
});

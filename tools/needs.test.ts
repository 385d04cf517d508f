import { needs } from "./needs";

needs("node")("a test whose tool is there runs", () => {
  expect(needs("node", "sh")).toBe(test);
});

needs("/dev/null")("a test whose device is there runs", () => {
  expect(needs("/dev/null")).toBe(test);
});

test("the platform is a tool that is there", () => {
  expect(needs(`${process.platform}-${process.arch}`)).toBe(test);
});

test("a test whose tool is missing is skipped, with the reason in its name", () => {
  const skip = jest.spyOn(test, "skip").mockImplementation(() => undefined);
  needs("node", "no-such-tool", "/dev/no-such-device")("a finding", () => undefined);
  const [name] = skip.mock.calls[0] ?? [];
  skip.mockRestore();
  expect(name).toBe("a finding [skipped: no-such-tool and /dev/no-such-device not found]");
});

import { join } from "node:path";
import { packageRoot } from "../case/root";
import { Thread } from "./thread";

const BUILT = join(packageRoot(), "dist", "conformance", "cli", "thread.js");

/** A thread that does what these lines say with each word that it is given. */
function threadThat(does: string): Thread<string, string> {
  return new Thread(`const { serve } = require(${JSON.stringify(BUILT)}); serve(async (word) => { ${does} });`, { eval: true });
}

test("a thread is kept alive between pieces of work", async () => {
  const thread = threadThat("globalThis.times = (globalThis.times ?? 0) + 1; return `${word} ${globalThis.times}`;");
  expect([await thread.do("first"), await thread.do("second")]).toEqual(["first 1", "second 2"]);
  await thread.end();
});

test("what the work throws comes back with the place where it was thrown", async () => {
  const thread = threadThat("if (word === 'bad') throw new TypeError('no such word'); return word;");
  const error = await thread.do("bad").catch((each: unknown) => each as Error);
  expect(error).toMatchObject({ message: "TypeError: no such word", stack: expect.stringContaining("at ") as string });
  expect(await thread.do("good")).toBe("good");
  await thread.end();
});

test.each([
  ["ends its process", "process.exit(7)", "its thread ended: exit code 7"],
  [
    "fails where nobody waits for it",
    "{ setTimeout(() => { throw new Error('too late') }); return new Promise(() => {}); }",
    "its thread ended: too late",
  ],
])("work that %s is told of, and another thread goes on", async (_, fatal, reason) => {
  const thread = threadThat(`if (word === 'bad') ${fatal}; return word;`);
  await expect(thread.do("bad")).rejects.toThrow(reason);
  expect(await thread.do("good")).toBe("good");
  await thread.end();
});

test("a thread that is in the middle of its work is ended", async () => {
  const thread = threadThat("for (;;);");
  const work = thread.do("any").catch((error: unknown) => String(error));
  await thread.end();
  expect(await work).toContain("Died: its thread ended");
});

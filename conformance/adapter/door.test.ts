import type { Reply, Request } from "../../spec/generated/types";
import { followedBy, holdHere, holdOver, type Exchange } from "./door";

const read: Request = { op: "read", names: ["a.b"] };
const close: Request = { op: "close" };

/** Reads, and closes whatever was read: over a pipe both can go out at once. */
function* readAndClose(): Exchange<readonly Reply[]> {
  const values = yield followedBy(read, close);
  return [values, yield close];
}

const answer = (request: Request): Reply => (request.op === "read" ? { values: { "a.b": 1 } } : { leaks: ["a page"] });
const answers = [{ values: { "a.b": 1 } }, { leaks: ["a page"] }];

test("what is asked in any case goes out before the answer, and once", async () => {
  const asked: string[] = [];
  let first: ((reply: Reply) => void) | undefined;
  const ask = (request: Request): Promise<Reply> => {
    asked.push(request.op);
    return request.op === "read" ? new Promise((resolve) => (first = resolve)) : Promise.resolve(answer(request));
  };
  const held = holdOver(readAndClose(), ask);
  expect(asked).toEqual(["read", "close"]);
  first?.(answer(read));
  expect(await held).toEqual(answers);
  expect(asked).toEqual(["read", "close"]);
});

test("in this process each is answered in its turn", () => {
  expect(holdHere(readAndClose(), answer)).toEqual(answers);
});

test("an answer that nobody waits for any more may fail", async () => {
  function* changesItsMind(): Exchange<string> {
    yield followedBy(read, close);
    return "done";
  }
  const ask = (request: Request): Promise<Reply> =>
    request.op === "close" ? Promise.reject(new Error("late")) : Promise.resolve(answer(request));
  expect(await holdOver(changesItsMind(), ask)).toBe("done");
});

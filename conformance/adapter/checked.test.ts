import { wrongWithReply, wrongWithRequest } from "./checked";

const RACED = { times: 2, returns: { P0: ["ok", "blocked"] }, reads: { "vm.online_vcpus": 1 } };

test("a step is one thread's, or releases all and says what to read; never both, never neither", () => {
  expect(wrongWithRequest({ op: "step", thread: "P0" })).toBeUndefined();
  expect(wrongWithRequest({ op: "step", reads: [] })).toBeUndefined();
  expect(wrongWithRequest({ op: "step", thread: "P0", reads: [] })).toBeDefined();
  expect(wrongWithRequest({ op: "step" })).toBeDefined();
});

test("a step is answered with where threads stand, or with the outcomes of a race", () => {
  expect(wrongWithReply("step", { threads: {} })).toBeUndefined();
  expect(wrongWithReply("step", { outcomes: [RACED] })).toBeUndefined();
  expect(wrongWithReply("step", {})).toBeDefined();
  expect(wrongWithReply("open", { outcomes: [RACED] })).toBeDefined();
});

test.each<[string, object]>([
  ["came out never", { times: 0 }],
  ["says nothing of returns", { returns: undefined }],
  ["has a return that is no list", { returns: { P0: "ok" } }],
  ["has a mood", { mood: "fine" }],
])("an outcome that %s is none", (_, parts) => {
  expect(wrongWithReply("step", { outcomes: [{ ...RACED, ...parts }] })).toBeDefined();
});

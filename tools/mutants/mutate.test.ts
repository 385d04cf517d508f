/** A mutant as far as a test looks at it: see mutate.js. */
interface Mutant {
  readonly text: string;
  readonly mutation: string;
}

const { mutantsOf } = jest.requireActual<{ mutantsOf: (file: string, text: string, answers: unknown) => Mutant[] }>("./mutate");
const { Answers, parse } = jest.requireActual<{
  Answers: new (trees: readonly unknown[]) => unknown;
  parse: (file: string, text: string) => unknown;
}>("./tree");

/** The mutations of the body of one operation, in order. */
function mutations(body: string, type = "Task<Result>"): string[] {
  const text = `
type Errno = "EINVAL" | "EEXIST";
type Result = "ok" | Errno;
function* helper(): Task<Result> { return "ok"; }
function* asked(): Task<boolean> { return true; }
export const toy = ops("toy", {
  *act(kvm: Kvm, n: number): ${type} {
${body}
  },
});
`;
  return mutantsOf("toy.ts", text, new Answers([parse("toy.ts", text)])).map(({ mutation }) => mutation);
}

test.each([
  ["an announcement is dropped", "yield kvm.cell.load;", ["drop yield kvm.cell.load"]],
  ["a call is dropped", "yield* helper(kvm);", ["drop yield* helper(kvm)"]],
  ["a call whose answer is used is replaced by answers", "const got = yield* helper(kvm);", ['yield* helper(kvm) -> "ok"']],
  ["an assignment is dropped", "kvm.flag.now = kvm.other;", ["drop kvm.flag.now = kvm.other"]],
  ["a count stands still", "const last = --kvm.count;", ["--kvm.count -> kvm.count"]],
  ["a number is one more and one less", "kvm.wait(2);", ["drop kvm.wait(2)", "2 -> 3 in kvm.wait(2)", "2 -> 1 in kvm.wait(2)"]],
  ["a number that a type allows stays", "const change: 1 | -1 = kvm.change;", []],
  [
    "a check is dropped and turned, its boundary moved, its answer changed",
    'if (n >= kvm.max) return "EINVAL";',
    ["drop if (n >= kvm.max) ...", "n >= kvm.max -> n > kvm.max", "negate n >= kvm.max", 'return "EINVAL" -> "EEXIST"'],
  ],
  [
    "each part of a condition is turned, an equality as a comparison",
    "const wanted = kvm.on && !(n === kvm.last);",
    ["negate kvm.on", "n === kvm.last -> n !== kvm.last"],
  ],
  [
    "a lock goes with its unlock, an unlock also alone",
    "yield* mutex_lock(kvm.lock);\nkvm.one();\nyield* mutex_unlock(kvm.lock);",
    [
      "drop mutex_lock(kvm.lock) with its mutex_unlock",
      "swap yield* mutex_lock(kvm.lock) | kvm.one()",
      "drop kvm.one()",
      "swap kvm.one() | yield* mutex_unlock(kvm.lock)",
      "drop yield* mutex_unlock(kvm.lock)",
    ],
  ],
  [
    "whole steps change places, not the lines of different steps",
    "yield kvm.a.store;\nkvm.a.now = n;\nyield kvm.b.store;\nkvm.b.now = n;",
    [
      "drop yield kvm.a.store",
      "swap yield kvm.a.store; kvm.a.now = n | yield kvm.b.store; kvm.b.now = n",
      "drop kvm.a.now = n",
      "drop yield kvm.b.store",
      "drop kvm.b.now = n",
    ],
  ],
  ["what is declared stays before what uses it", "const got = kvm.get;\nyield* put(got);", ["drop yield* put(got)"]],
  [
    "marks and assertions stay",
    'rule("a.b");\nlockdep_assert_held(kvm.lock);\nif (n === 3) throw new Error("no");\nif (n === 4) return report("leak", "no");',
    [],
  ],
  ["a hook that is asked for before it is called is not turned", "if (kvm.hook) yield* kvm.hook(n);", ["drop yield* kvm.hook(n)"]],
])("%s", (_, body, expected) => {
  expect(mutations(body)).toEqual(expected);
});

test("nothing outside operations is mutated", () => {
  const text = "export const LIMIT = 4;\nexport function twice(n: number): number {\n  if (n > 3) return 0;\n  return n * 2;\n}\n";
  expect(mutantsOf("toy.ts", text, new Answers([]))).toEqual([]);
});

test("a mutant says where it is and what differs, and no two have one name", () => {
  const text = 'export const toy = ops("toy", {\n  *act(): Task<void> {\n    rule("a.b");\n    yield* go();\n    yield* go();\n  },\n});\n';
  expect(mutantsOf("toy.ts", text, new Answers([])).map(({ text: _, ...mutant }) => mutant)).toEqual([
    {
      file: "toy.ts",
      line: 4,
      operation: "toy.act",
      marks: ["a.b"],
      mutation: "drop yield* go()",
      name: "toy.ts toy.act drop yield* go()",
      announcement: false,
      before: "yield* go();",
      after: "",
    },
  ]);
});

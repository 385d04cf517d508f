import { BENCHMARKS } from "../../fixtures/programs/benchmarks";
import { doorOf } from "../../fixtures/programs/program";
import { plannedProgram } from "../../tools/shipped";
import { holdHere } from "../adapter/door";
import { addSums, NO_TRACES, sumInDigits } from "./digest";
import { explore, type Options } from "./explore";
import { optimal } from "./optimal";
import { sleepSets } from "./sleep-sets";

const LIMITS = { runs: 100_000, steps: 1_000 };
type Make = Options["strategy"];

/** Tries what is enabled in the opposite order. */
const backwards: Make = (dependent) => {
  const inner = sleepSets(dependent);
  return { ...inner, begin: () => inner.begin(), choose: (depth, enabled, there) => inner.choose(depth, enabled.toReversed(), there) };
};

function digestOf(name: keyof typeof BENCHMARKS, n: number, strategy: Make): string {
  const program = BENCHMARKS[name].program(n);
  const { digest = NO_TRACES } = holdHere(
    explore(plannedProgram(program), { strategy, limits: LIMITS, record: true, digest: true }),
    doorOf(program),
  );
  return sumInDigits(digest);
}

const SMALL = [
  ["lastzero", 5],
  ["readers", 4],
  ["fib", 2],
  ["phil", 4],
  ["bank", 4],
  ["sb", 4],
] as const;

test.each(SMALL)("%s(%i): three explorers in different orders come to one digest", (name, n) => {
  const digest = digestOf(name, n, optimal);
  expect(digest).toMatch(/^[0-9a-f]{16}$/);
  expect([digestOf(name, n, sleepSets), digestOf(name, n, backwards)]).toEqual([digest, digest]);
});

test("digests of different traces differ", () => {
  const digests = SMALL.flatMap(([name, n]) => [n - 1, n].map((size) => digestOf(name, size, optimal)));
  expect(new Set(digests).size).toBe(digests.length);
});

/** Is content after a few runs. */
const lazy: Make = (dependent) => {
  const inner = optimal(dependent);
  const begin = inner.begin.bind(inner);
  let runs = 0;
  inner.begin = () => ++runs < 5 && begin();
  return inner;
};

test("traces that are left out are seen", () => {
  expect(digestOf("lastzero", 5, lazy)).not.toBe(digestOf("lastzero", 5, optimal));
});

test("sums of parts, in any order, are the sum of the whole", () => {
  const [a, b, c] = [
    [0xffffffff, 1],
    [2, 0xfffffffe],
    [7, 9],
  ] as const;
  expect(addSums(addSums(a, b), c)).toEqual(addSums(c, addSums(b, a)));
  expect(sumInDigits(addSums(a, b))).toBe("00000001ffffffff");
});

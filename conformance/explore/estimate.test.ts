/** What is said of an exploration while it lasts, held against what it came to. docs/explorer.md tells what is measured here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BENCHMARKS } from "../../fixtures/programs/benchmarks";
import { doorOf, type Program } from "../../fixtures/programs/program";
import { runnable } from "../../fixtures/programs/random";
import { randomCode } from "../../fixtures/programs/random-code";
import { plannedProgram } from "../../tools/shipped";
import { holdHere } from "../adapter/door";
import { packageRoot } from "../case/root";
import { estimate, type Estimate } from "./estimate";
import { numbers } from "./numbers";
import { explorePart, Sums } from "./parallel/part";
import { Trunk, type Work } from "./parallel/trunk";

interface Moment {
  readonly made: number;
  /** How many there were in the end. */
  readonly traces: number;
  readonly said: Estimate;
}

/** What is said of an exploration by several `hands`, each of which pauses after so many runs. */
function moments(program: Program, every: number, hands: number): Moment[] {
  const planned = plannedProgram(program);
  const limits = { runs: 10_000, steps: 1_000 };
  const options = { limits, record: true, pause: (made: number) => made >= every };
  const sums = new Sums(planned, limits);
  const trunk = new Trunk(sums.whole.footprints);
  const said: { made: number; said: Estimate }[] = [];
  const given: Work[] = [];
  while (!trunk.isDone) {
    for (let work; given.length < hands && (work = trunk.next()) !== undefined;) given.push(work);
    const work = given.shift() as Work;
    const { failed, tally, above, frames } = holdHere(explorePart(planned, work.job, options), doorOf(program));
    if (failed) throw new Error("this cannot be explored in parts");
    sums.add(tally);
    trunk.came(work, above, frames, given.length < hands - 1);
    said.push({ made: sums.runs, said: estimate(trunk.save(), sums.runs) });
  }
  // What is said when all is done is no estimate.
  return said.slice(0, -1).map((each) => ({ ...each, traces: sums.runs }));
}

const programs = (sizes: Partial<Record<keyof typeof BENCHMARKS, number>>): Program[] =>
  Object.entries(sizes).map(([name, n]) => BENCHMARKS[name as keyof typeof BENCHMARKS].program(n));

test.each([1, 2, 3])("with %i at work, there are never fewer traces than was said, and in the end as many", (hands) => {
  for (const program of programs({ lastzero: 6, fib: 3, phil: 6, bank: 4, readers: 5 })) {
    const all = moments(program, 1, hands);
    expect(Math.max(...all.map(({ said }) => said.least))).toBe(all[0]?.traces);
  }
});

describe("the upper bound", () => {
  const SIZES = { lastzero: 9, readers: 10, nwriters: 6, ninc: 6, indexer: 14, filesystem: 22, fib: 5, phil: 10, bank: 6, sb: 10 };
  // Those of the first hundreds after 5000 that have more than a thousand traces; by others the margin was chosen.
  const SEEDS = [5020, 5049, 5107, 5120, 5158, 5165, 5172, 5194, 5219, 5230];
  const random = SEEDS.map((seed) => runnable(randomCode(numbers(seed))).program);
  const measured = (of: readonly Program[]): Moment[] => [1, 3].flatMap((hands) => of.flatMap((each) => moments(each, 25, hands)));
  const groups = [measured(programs(SIZES)), measured(random)];
  const isVentured = ({ said }: Moment): boolean => said.most !== undefined;
  const percent = (some: readonly Moment[], what: (moment: Moment) => boolean): number =>
    Math.round((100 * some.filter(what).length) / some.length);

  test("is right as often as the documents say", () => {
    const isRight = ({ said: { most = 0 }, traces }: Moment): boolean => traces <= most;
    const [known, drawn] = groups.map((group) => percent(group.filter(isVentured), isRight));
    const all = groups.flat();
    const early = all.filter(({ made, traces }) => made <= traces / 10);
    const claim =
      `It is ventured at ${percent(all, isVentured)} % of the moments (in the first tenth of an exploration, at ${percent(early, isVentured)} %), ` +
      `and right at ${known} % of those on the benchmark programs, at ${drawn} % on random ones.`;
    expect(readFileSync(join(packageRoot(), "docs/explorer.md"), "utf8").replaceAll(/\s+/g, " ")).toContain(claim);
  });

  test("would be wrong much more often without a margin, or if it were ventured early", () => {
    const isRight = ({ made, said, traces }: Moment): boolean => traces <= made / said.share;
    const all = groups.flat();
    expect(percent(all.filter(isVentured), isRight)).toBeLessThan(85);
    const early = all.filter(({ made, traces }) => made <= traces / 10);
    expect(percent(early, isRight)).toBeLessThan(50);
  });
});

test("every branch that is known counts alike, and one that was begun by what is known of it", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"] as const;
  const branch = (...steps: string[]) => ({ steps, then: [] });
  const frames = [
    { explored: [a], taken: b, rest: [{ steps: [c], then: [branch(a), branch(b)] }, branch(d)] },
    { explored: [], taken: c, rest: [] },
    { explored: [a], taken: undefined, rest: [branch(d)] },
  ];
  const leaf = { first: undefined, asleep: [], isDone: false, divided: undefined };
  expect(estimate({ ...leaf, frames }, 10)).toEqual({ least: 14, most: undefined, share: 1.5 / 4, depth: 2 });
  const done = { ...leaf, isDone: true, frames: [] };
  const divided = { frame: { explored: [a, b], taken: undefined, rest: [] }, parts: [{ ...leaf, frames }, done] };
  expect(estimate({ ...leaf, frames: [], divided }, 27)).toEqual({ least: 31, most: 64, share: 3.375 / 4, depth: 3 });
});

/**
 * Mutants of the shipped cases: whatever a file holds, the loader answers with a case or with problems.
 * `npm run fuzz:spec -- --mutations 100000 --seed 7` makes more of them than the ordinary run.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkCase } from "./cases";
import { loadSpec } from "./load";
import { packageRoot } from "./root";
import { Source } from "./source";
import type { FiledCase } from "./spec";

const MUTATIONS = Number(process.env["MUTATIONS"] ?? 1500);
const SEED = Number(process.env["SEED"] ?? 1);
const SLOW_MS = 2000;

type Random = (below: number) => number;

/** mulberry32: the same numbers from the same seed everywhere. */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Time that this process worked: on a busy machine the clock says more. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

type Mutation = (text: string, other: string, random: Random) => string | Uint8Array;

const TOKENS = /[A-Za-z0-9_.-]+|"[^"\n]*"|[[\]{},:]/g;
const NUMBERS = [
  "0",
  "1",
  "-1",
  "3",
  "4096",
  "9007199254740993",
  "0x7fffffffffffffff",
  "1e9",
  '"0xffffffffffffffff"',
  ".inf",
  "{ limit: max_vcpu_id }",
];
const RUDE = [
  "&a ",
  "*a ",
  "!!str ",
  "<<: ",
  "__proto__: 1\n",
  "constructor: 1\n",
  "\u0000",
  "\ufeff",
  "---\n",
  "%YAML 1.1\n",
  "[".repeat(99),
  "? ",
  "| ",
  "'",
];

const lines =
  (edit: (all: string[], random: Random) => void): Mutation =>
  (text, _, random) => {
    const all = text.split("\n");
    edit(all, random);
    return all.join("\n");
  };

function replaceOne(text: string, pattern: RegExp, by: (found: string) => string, random: Random): string {
  const all = [...text.matchAll(pattern)];
  const found = all[random(Math.max(1, all.length))];
  return found === undefined ? text : text.slice(0, found.index) + by(found[0]) + text.slice(found.index + found[0].length);
}

const MUTATORS: Readonly<Record<string, Mutation>> = {
  "flip a bit": (text, _, random) => {
    const bytes = Buffer.from(text);
    const at = random(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    return bytes;
  },
  "delete a line": lines((all, random) => all.splice(random(all.length), 1)),
  "repeat a line": lines((all, random) => {
    const at = random(all.length);
    all.splice(at, 0, all[at] ?? "");
  }),
  "swap two lines": lines((all, random) => {
    const [a, b] = [random(all.length), random(all.length)];
    [all[a], all[b]] = [all[b] ?? "", all[a] ?? ""];
  }),
  "indent a line": lines((all, random) => {
    const at = random(all.length);
    all[at] = random(2) === 0 ? `  ${all[at] ?? ""}` : (all[at] ?? "").replace(/^ {1,2}/, "");
  }),
  "cut the file": (text, _, random) => text.slice(0, random(text.length)),
  "take a token of another file": (text, other, random) => {
    const tokens = other.match(TOKENS) ?? [""];
    return replaceOne(text, TOKENS, () => tokens[random(tokens.length)] ?? "", random);
  },
  "take a line of another file": (text, other, random) => {
    const [all, theirs] = [text.split("\n"), other.split("\n")];
    all.splice(random(all.length), random(2), theirs[random(theirs.length)] ?? "");
    return all.join("\n");
  },
  "edit a number": (text, _, random) => replaceOne(text, /\b\d+\b/g, () => NUMBERS[random(NUMBERS.length)] ?? "", random),
  "edit a word of prose": (text, _, random) =>
    replaceOne(text, /\b[a-z]{4,}\b(?=[ ,.])/g, (word) => word.slice(1) + word.charAt(0), random),
  "say something rude": (text, _, random) => {
    const at = random(text.length);
    return text.slice(0, at) + (RUDE[random(RUDE.length)] ?? "") + text.slice(at);
  },
};

test("no mutant of a case crashes or holds up the loader, and enough of them still load", () => {
  const root = packageRoot();
  const { spec: shipped } = loadSpec(root);
  const files = [...shipped.cases.values()].map(({ file }) => ({ file, text: readFileSync(join(root, file), "utf8") }));
  // A mutant keeps the id of its case, which must not count as taken.
  const spec = { ...shipped, cases: new Map<string, FiledCase>() };
  const random = randomFrom(SEED);
  const names = Object.keys(MUTATORS);
  const slowest = { ms: 0, what: "" };
  let loads = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const [one, other] = [files[random(files.length)], files[random(files.length)]];
    const name = names[random(names.length)] ?? "";
    const what = `mutation ${String(i)} of seed ${String(SEED)}: ${name} in ${one?.file ?? ""}`;
    const mutant = MUTATORS[name]?.(one?.text ?? "", other?.text ?? "", random) ?? "";
    const before = cpuMs();
    try {
      const source = new Source(one?.file ?? "", Buffer.from(mutant));
      const loaded = checkCase(source, spec);
      if (loaded !== undefined) loads++;
      if ((loaded === undefined) === (source.problems.length === 0)) throw new Error("neither a case nor a problem, or both");
    } catch (error) {
      throw new Error(what, { cause: error });
    }
    const ms = cpuMs() - before;
    if (ms > slowest.ms) Object.assign(slowest, { ms, what });
  }
  const share = ((100 * loads) / MUTATIONS).toFixed(1);
  process.stdout.write(
    `${String(MUTATIONS)} mutants, seed ${String(SEED)}: ${share} % load; slowest ${slowest.ms.toFixed(1)} ms (${slowest.what})\n`,
  );
  expect(loads / MUTATIONS).toBeGreaterThanOrEqual(0.05);
  expect(slowest.ms).toBeLessThan(SLOW_MS);
}, 3_600_000);

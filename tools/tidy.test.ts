import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const ROOT = join(__dirname, "..");

function lines(command: string, ...args: string[]): string[] {
  return execFileSync(command, args, { cwd: ROOT, encoding: "utf8" }).split("\n").filter(Boolean);
}

/** Every file that is, or is about to be, committed. */
const FILES = lines("git", "ls-files", "--cached", "--others", "--exclude-standard").filter((name) => existsSync(join(ROOT, name)));

interface House {
  what: string;
  /** What to do about a file, or undefined if it keeps the rule. */
  mistake: (name: string, text: string) => string | undefined;
  planted: [name: string, text: string];
}

const RULES: House[] = [
  {
    what: "no test silences the others",
    mistake: (name, text) =>
      name.endsWith(".test.ts") && /\b(?:test|it|describe)\.only\b|\bf(?:it|describe)\(/.test(text)
        ? "take the `only` away: the other tests do not run"
        : undefined,
    planted: ["a.test.ts", ["test", "only('x')"].join(".")],
  },
  {
    what: "no work is left in a comment",
    mistake: (_, text) => (/\b(?:TO[D]O|FIX[M]E|X[X]X)\b/.test(text) ? "do it, or say in the documentation what is missing" : undefined),
    planted: ["a.ts", ["// TO", "DO: later"].join("")],
  },
  {
    what: "no file only hands on what others export",
    mistake: (name, text) =>
      /^index\.[tj]s$/.test(basename(name)) || /^export \* from/m.test(text)
        ? "import each thing from the file that makes it: barrels make circles"
        : undefined,
    planted: ["reference/index.ts", ""],
  },
  {
    what: "no file has tabs or Windows line ends",
    mistake: (_, text) => (/\r\n|\t/.test(text) ? "use spaces, and \\n alone" : undefined),
    planted: ["a.yaml", "a:\r\n"],
  },
];

/** Sources that people write. Files of spec/invalid are wrong on purpose. */
const SOURCES = FILES.filter(
  (name) => /\.(?:ts|js|mjs|cjs|json|ya?ml|py)$/.test(name) && !/^(?:spec\/invalid|spec\/generated)\//.test(name),
);

test.each(RULES)("$what", ({ mistake, planted }) => {
  const found = SOURCES.flatMap((name) => {
    const advice = mistake(name, readFileSync(join(ROOT, name), "utf8"));
    return advice === undefined ? [] : [`${name}: ${advice}`];
  });
  expect(found).toEqual([]);
  expect(mistake(...planted)).toBeDefined();
});

test("jest finds every test file that git knows", () => {
  const found = lines(process.execPath, "node_modules/jest/bin/jest.js", "--listTests").map((name) => name.slice(ROOT.length + 1));
  expect(found.sort()).toEqual(FILES.filter((name) => name.endsWith(".test.ts")).sort());
});

test("the lock file has every optional package of every platform, without which npm ci refuses it", () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const wanted = Object.values(packages).flatMap((each) => Object.keys(each.optionalDependencies ?? {}));
  const known = new Set(Object.keys(packages).map((at) => at.replace(/^.*node_modules\//, "")));
  expect(wanted.filter((name) => !known.has(name))).toEqual([]);
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../conformance/case/root";

interface Entry {
  readonly mutant: string;
  readonly at: string;
}
interface Named {
  readonly name: string;
}
interface Judged {
  readonly mutant: Named;
  readonly outcome: { readonly by: string; readonly case?: string };
}
interface Source {
  readonly file: string;
  readonly text: string;
}
const { equivalentsIn, problemsWith, readEquivalents } = jest.requireActual<{
  equivalentsIn: (text: string) => Entry[];
  problemsWith: (entries: readonly Entry[], files: readonly string[], made: readonly Named[], judged: readonly Judged[]) => string[];
  readEquivalents: (root: string) => Entry[];
}>("./equivalents");
const { sourcesOf } = jest.requireActual<{ sourcesOf: (root: string) => Source[] }>("./engine");
const { mutantsOf } = jest.requireActual<{ mutantsOf: (file: string, text: string, answers: unknown) => Named[] }>("./mutate");
const { Answers, parse } = jest.requireActual<{
  Answers: new (trees: readonly unknown[]) => unknown;
  parse: (file: string, text: string) => unknown;
}>("./tree");

const ROOT = packageRoot();
const FILE = "reference/kvm/create_vcpu.ts";
const MADE = `${FILE} create_vcpu.install drop slot.now = vcpu`;

/** The entries that name no mutant which would be made now. */
function stale(entries: readonly Entry[]): string[] {
  const files = new Set(entries.map(({ mutant }) => mutant.split(" ")[0] ?? ""));
  const sources = sourcesOf(ROOT);
  const answers = new Answers(sources.map(({ file, text }) => parse(file, text)));
  const mutants = [...files].flatMap((file) => {
    const text = sources.find((each) => each.file === file)?.text;
    return text === undefined ? [] : mutantsOf(file, text, answers);
  });
  return problemsWith(entries, [...files], mutants, []);
}

test("every machine mutant that is argued about is still made", () => {
  expect(stale([{ mutant: MADE, at: "here" }])).toEqual([]);
  expect(stale([{ mutant: `${MADE}s`, at: "here" }])).toHaveLength(1);
  expect(stale(readEquivalents(ROOT))).toEqual([]);
});

test("an entry is known with its place, and bugs that people listed are not looked at", () => {
  const text = `equivalents:\n  - { mutant: VCPUID-03a, rule: a.b, argument: x }\n  - mutant: ${MADE}\n    rule: a.b\n`;
  expect(equivalentsIn(text)).toEqual([{ mutant: MADE, at: "spec/equivalents.yaml:3:13" }]);
});

test("an entry that a claim contradicts is a mistake, one about another file is none of this run's", () => {
  const judged = [{ mutant: { name: MADE }, outcome: { by: "claim", case: "a/b" } }];
  const entry = { mutant: MADE, at: "spec/equivalents.yaml:3:13" };
  expect(problemsWith([entry], [FILE], [{ name: MADE }], judged)).toEqual([
    `spec/equivalents.yaml:3:13: "${MADE}" is not equivalent: a claim of a/b catches it; remove the entry`,
  ]);
  expect(problemsWith([entry], ["reference/kvm/run.ts"], [], [])).toEqual([]);
});

test("the sources of the reference are all there, without tests", () => {
  const files = sourcesOf(ROOT).map(({ file }) => file);
  expect(files).toContain(FILE);
  expect(files.filter((file) => file.includes(".test."))).toEqual([]);
  expect(readFileSync(join(ROOT, FILE), "utf8")).toContain("slot.now = vcpu");
});

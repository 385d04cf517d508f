const { report, json } = jest.requireActual<{
  report: (results: readonly object[], problems: readonly string[]) => string[];
  json: (areas: readonly string[], results: readonly object[], problems: readonly string[]) => { all: object; mutants: readonly object[] };
}>("./report");

function result(by: string, parts: object = {}, equivalent = false) {
  const mutant = {
    file: "reference/a.ts",
    line: 7,
    operation: "a.act",
    mutation: "n >= 3 -> n > 3",
    name: "reference/a.ts a.act n >= 3 -> n > 3",
    announcement: false,
    text: "the whole file",
    before: "if (n >= 3) return;",
    after: "if (n > 3) return;",
    ...parts,
  };
  return { mutant, met: 2, outcome: { by, case: "x/y", what: "so it was\nwith a stack" }, equivalent };
}

const RESULTS = [
  result("claim"),
  result("claim", { file: "reference/b.ts" }),
  result("crash"),
  result("nothing"),
  result("nothing", {}, true),
  result("dishonest", { announcement: true }),
  result("unloadable"),
];

test("the report counts by file, lists what needs an answer with its lines, and leaves out what counts for nothing", () => {
  expect(report(RESULTS, ["spec/equivalents.yaml:3:13: stale"]).join("\n")).toBe(
    `
                made  claim  check  unreached  crash  honesty  unfinished  equivalent  survived  by claim
reference/a.ts     5      1      0          0      1        1           0           1         1      33 %
reference/b.ts     1      1      0          0      0        0           0           0         0     100 %
all                6      2      0          0      1        1           0           1         1      50 %

1 caught by a crash of the model only:
  reference/a.ts:7 a.act n >= 3 -> n > 3
      x/y: so it was

1 seen only by the honesty check: a step touches what it does not announce, or what another lock guards:
  reference/a.ts:7 a.act n >= 3 -> n > 3
      x/y: so it was

1 survived and needs a case, a simplification, or an argument in spec/equivalents.yaml:
  reference/a.ts:7 a.act n >= 3 -> n > 3
      - if (n >= 3) return;
      + if (n > 3) return;

spec/equivalents.yaml:3:13: stale

2 of 4 caught by a claim (50 %); not counted: 1 equivalent, 1 dropped announcement that something else notices, 1 that could not be loaded`.slice(
      1,
    ),
  );
});

test("programs are told the same, without the text of the mutants", () => {
  const { all, mutants } = json(["x"], RESULTS, []);
  expect(all).toMatchObject({ made: 6, claim: 2, survived: 1, asked: 4 });
  expect(mutants).toHaveLength(7);
  expect(mutants[4]).toMatchObject({ counted: "equivalent", outcome: { by: "nothing" }, before: "if (n >= 3) return;" });
  expect(JSON.stringify(mutants)).not.toContain("the whole file");
});

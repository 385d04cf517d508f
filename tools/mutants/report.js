/** What the mutants came to: a table by file, then each that needs an answer or a look. */
"use strict";

/** The columns of the table, and which outcomes they count. */
const COLUMNS = [
  ["claim", "claim"],
  ["check", "check"],
  ["unreached", "unreached"],
  ["crash", "crash"],
  ["honesty", "dishonest"],
  ["unfinished", "unfinished"],
  ["equivalent", "equivalent"],
  ["survived", "nothing"],
];

/** What is listed apart, and what it means. */
const APART = [
  ["check", "found by a built-in check that no claim of the case owns"],
  ["unreached", "noticed only since a case no longer reaches what it promises"],
  ["crash", "caught by a crash of the model only"],
  ["dishonest", "seen only by the honesty check: a step touches what it does not announce, or what another lock guards"],
  ["unfinished", "ended by a limit"],
];

/** An equivalent mutant counts as one whatever noticed it. */
function countedAs({ outcome, equivalent }) {
  return equivalent && outcome.by !== "claim" ? "equivalent" : outcome.by;
}

/** A dropped announcement only makes a step coarser: a claim may not notice, if something else does. */
function isAnnouncementSeen(result) {
  return result.mutant.announcement && !["claim", "nothing", "equivalent", "unloadable"].includes(countedAs(result));
}

/** The numbers of a file's mutants, or of all. */
function countsOf(results) {
  const of = (by) => results.filter((each) => countedAs(each) === by).length;
  const counts = Object.fromEntries(COLUMNS.map(([column, by]) => [column, of(by)]));
  const unloadable = of("unloadable");
  const made = results.length - unloadable;
  const announcements = results.filter(isAnnouncementSeen).length;
  return { made, unloadable, ...counts, announcements, asked: made - counts.equivalent - announcements };
}

const percent = ({ claim, asked }) => (asked === 0 ? "-" : `${Math.floor((100 * claim) / asked)} %`);

function table(results) {
  const files = [...new Set(results.map(({ mutant }) => mutant.file))];
  const rows = files.map((file) => [file, countsOf(results.filter(({ mutant }) => mutant.file === file))]);
  const head = ["", "made", ...COLUMNS.map(([column]) => column), "by claim"];
  const cells = [...rows, ["all", countsOf(results)]].map(([name, counts]) => [
    name,
    counts.made,
    ...COLUMNS.map(([column]) => counts[column]),
    percent(counts),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((row) => String(row[i]).length)));
  return [head, ...cells].map((row) =>
    row.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join("  "),
  );
}

const titleOf = ({ file, line, operation, mutation }) => `${file}:${line} ${operation} ${mutation}`;
const indented = (text, mark) => (text === "" ? [] : text.split("\n").map((line) => `      ${mark} ${line}`));

function apart(results) {
  return APART.flatMap(([by, meaning]) => {
    const listed = results.filter((each) => countedAs(each) === by);
    const lines = listed.flatMap(({ mutant, outcome }) => [
      `  ${titleOf(mutant)}`,
      `      ${outcome.case}: ${[outcome.kind, outcome.what].filter(Boolean).join(": ").split("\n")[0]}`,
    ]);
    return listed.length === 0 ? [] : ["", `${listed.length} ${meaning}:`, ...lines];
  });
}

function survivors(results) {
  const left = results.filter((each) => countedAs(each) === "nothing");
  const lines = left.flatMap(({ mutant, met }) => [
    `  ${titleOf(mutant)}${met === 0 ? "   (no case enters it)" : ""}`,
    ...indented(mutant.before, "-"),
    ...indented(mutant.after, "+"),
  ]);
  return left.length === 0
    ? []
    : [
        "",
        `${left.length} survived ${left.length === 1 ? "and needs" : "and need"} a case, a simplification, or an argument in spec/equivalents.yaml:`,
        ...lines,
      ];
}

/** The report as lines. */
function report(results, problems) {
  const all = countsOf(results);
  const announcements = `${all.announcements} dropped announcement${all.announcements === 1 ? "" : "s"} that something else notices`;
  const left = [
    `${all.equivalent} equivalent`,
    announcements,
    ...(all.unloadable > 0 ? [`${all.unloadable} that could not be loaded`] : []),
  ];
  const sum = `${all.claim} of ${all.asked} caught by a claim (${percent(all)}); not counted: ${left.join(", ")}`;
  return [...table(results), ...apart(results), ...survivors(results), ...(problems.length > 0 ? ["", ...problems] : []), "", sum];
}

/** The same for programs. */
function json(areas, results, problems) {
  const files = [...new Set(results.map(({ mutant }) => mutant.file))];
  return {
    areas,
    all: countsOf(results),
    files: files.map((file) => ({ file, ...countsOf(results.filter(({ mutant }) => mutant.file === file)) })),
    // Without `text`: it is the whole file.
    mutants: results.map((each) => ({
      ...each.mutant,
      text: undefined,
      counted: countedAs(each),
      cases: each.met,
      outcome: each.outcome,
    })),
    problems,
  };
}

module.exports = { countsOf, countedAs, report, json };

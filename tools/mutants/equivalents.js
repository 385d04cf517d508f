/**
 * spec/equivalents.yaml, as far as it is about machine mutants: those whose behaviour no case can
 * tell from the reference's, each with the argument. Its form is checked by `kvm-conform check`.
 */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const yaml = require("yaml");

const FILE = "spec/equivalents.yaml";

/** The machine mutants that are argued about, each with its place in the file. */
function readEquivalents(root) {
  const file = path.join(root, FILE);
  return fs.existsSync(file) ? equivalentsIn(fs.readFileSync(file, "utf8")) : [];
}

function equivalentsIn(text) {
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines });
  const entries = (document.toJS()?.equivalents ?? []).map(({ mutant }, i) => {
    const { line, col } = lines.linePos(document.getIn(["equivalents", i, "mutant"], true).range[0]);
    return { mutant, at: `${FILE}:${line}:${col}` };
  });
  return entries.filter(({ mutant }) => mutant.startsWith("reference/"));
}

/**
 * What is wrong with entries: `made` are all mutants of some files, `judged` those of them that met
 * the cases. Entries about other files are not looked at.
 */
function problemsWith(entries, files, made, judged) {
  const names = new Set(made.map(({ name }) => name));
  const outcomes = new Map(judged.map(({ mutant, outcome }) => [mutant.name, outcome]));
  return entries.flatMap(({ mutant, at }) => {
    if (!files.includes(mutant.split(" ")[0])) return [];
    if (!names.has(mutant)) return [`${at}: no mutant is called "${mutant}" any more; remove the entry, or give it the new name`];
    const outcome = outcomes.get(mutant);
    if (outcome?.by !== "claim") return [];
    return [`${at}: "${mutant}" is not equivalent: a claim of ${outcome.case} catches it; remove the entry`];
  });
}

module.exports = { readEquivalents, equivalentsIn, problemsWith };

/**
 * The mutants of one file: every small mistake of a few kinds in its operations, one at a time, in
 * the order of the source. Marks, assertions and what stands outside operations stay as they are.
 */
"use strict";

const { expressions } = require("./expressions");
const { drops, pairs, swaps } = require("./statements");
const { operationsOf, parse } = require("./tree");

/**
 * @typedef {object} Mutant
 * @property {string} file
 * @property {number} line counted from 1
 * @property {string} operation as `table.operation`
 * @property {readonly string[]} marks the rules that the operation marks
 * @property {string} mutation what was done
 * @property {string} name file, operation and mutation: what spec/equivalents.yaml calls it
 * @property {boolean} announcement only an announcement was left out: the model's mistake, not a kernel's
 * @property {string} text the whole file, mutated
 * @property {string} before the lines that differ, as they were
 * @property {string} after and as they are
 */

/** The mutants of a file. @returns {Mutant[]} */
function mutantsOf(file, text, answers) {
  const tree = parse(file, text);
  const found = new Map([[text.replaceAll(/\s+/g, " "), undefined]]);
  const names = new Map();
  for (const { name: operation, node, marks } of operationsOf(tree)) {
    const all = [...drops(node), ...pairs(node), ...swaps(node), ...expressions(node, answers)];
    for (const { at, mutation, edits, announcement = false } of all.sort((a, b) => a.at.getStart() - b.at.getStart())) {
      const mutated = edited(text, edits);
      const program = mutated.replaceAll(/\s+/g, " ");
      if (found.has(program)) continue;
      const line = tree.getLineAndCharacterOfPosition(at.getStart()).line + 1;
      const name = numbered(names, `${file} ${operation} ${mutation}`);
      found.set(program, { file, line, operation, marks, mutation, name, announcement, text: mutated, ...difference(text, mutated) });
    }
  }
  return [...found.values()].slice(1);
}

/** A name is given once: what reads like an earlier mutant of its operation is its second, and so on. */
function numbered(names, name) {
  const nth = (names.get(name) ?? 0) + 1;
  names.set(name, nth);
  return nth === 1 ? name : `${name} (${nth})`;
}

function edited(text, edits) {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((all, { start, end, text: by }) => all.slice(0, start) + by + all.slice(end), text);
}

/** The lines in which two texts differ, without their indentation. */
function difference(before, after) {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let first = 0;
  while (first < a.length && a[first] === b[first]) first++;
  let last = 0;
  while (last < Math.min(a.length, b.length) - first && a.at(-1 - last) === b.at(-1 - last)) last++;
  const lines = (all) =>
    all
      .slice(first, all.length - last)
      .map((line) => line.trim())
      .filter(Boolean)
      .join("\n");
  return { before: lines(a), after: lines(b) };
}

module.exports = { mutantsOf };

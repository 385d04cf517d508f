/** `kvm-conform check [files]`: what is wrong with the shipped spec, or with cases of one's own. */
import { statSync } from "node:fs";
import { relative, resolve } from "node:path";
import pc from "picocolors";
import { loadSpec, problemsOf } from "../case/load";
import type { Problem } from "../case/problems";
import { UsageError } from "./usage";

/** What was found. */
export interface Checked {
  readonly problems: readonly Problem[];
  readonly filesChecked: number;
}

/**
 * Checks the spec at `root` and, beside it, each file of `paths` that is not part of it.
 *
 * Throws a UsageError that names the path if there is no such file.
 */
export function check(paths: readonly string[], root: string): Checked {
  const { spec, problems, files } = loadSpec(root);
  const own = paths.filter((path) => !files.includes(relative(root, resolve(path))));
  for (const path of own)
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new UsageError(`there is no file ${path}`);
  // With the spec itself wrong, names that it should declare would look wrong in every file.
  const found = problems.length > 0 ? [] : own.flatMap((path) => problemsOf(path, spec));
  return { problems: [...problems, ...found], filesChecked: files.length + (problems.length > 0 ? 0 : own.length) };
}

/** The problems as a terminal shows them: place and code, message, the line with a caret, and the way forward. */
export function renderProblems({ problems, filesChecked }: Checked, colours = pc.createColors(pc.isColorSupported)): string {
  const blocks = problems.map((problem) => {
    const { code, file, line, column, message, hint, frame } = problem;
    const place = colours.bold(`${file}:${String(line)}:${String(column)}`);
    const lines = [`${place} ${colours.red(code)} ${message}`, frame.replace(/\^+/, (carets) => colours.red(carets))];
    return [...lines, ...(hint === undefined ? [] : [`${colours.cyan("hint:")} ${hint}`]), ""].join("\n");
  });
  const count = (number: number, what: string): string => `${String(number)} ${what}${number === 1 ? "" : "s"}`;
  const verdict = problems.length === 0 ? colours.green("no problems") : colours.red(count(problems.length, "problem"));
  return [...blocks, `${verdict} in ${count(filesChecked, "file")}`].join("\n");
}

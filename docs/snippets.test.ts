/**
 * What the documents show is what happens. In `console` blocks each `$` line is run and its output
 * held against the lines below it (`...` stands for any lines; seconds are not compared). A block
 * that begins with `// from FILE` or `# from FILE` is found in that file. Commands in `sh` blocks
 * exist.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../conformance/case/root";

const root = packageRoot();
const inDocs = readdirSync(join(root, "docs")).map((file) => `docs/${file}`);
const documents = [...readdirSync(root), ...inDocs].filter((file) => file.endsWith(".md"));

interface Block {
  readonly name: string;
  readonly language: string;
  readonly lines: readonly string[];
}

const blocks = documents.flatMap((document): Block[] => {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", body = ""], i) => ({
    name: `${document}, block ${i + 1}`,
    language,
    lines: body.trimEnd().split("\n"),
  }));
});
const of = (language: string): Block[] => blocks.filter((block) => block.language === language);

test("the documents for newcomers are there", () => {
  expect(documents).toEqual(expect.arrayContaining(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]));
});

test.each(of("console"))("$name shows what the command prints", ({ lines }) => {
  const shown = commands(lines);
  expect(shown).not.toEqual([]);
  for (const { command, output } of shown) expect(normal(run(command))).toMatch(pattern(output));
});

const excerpts = blocks.flatMap(({ name, lines }) => {
  const file = /^(?:\/\/|#) from (\S+)$/.exec(lines[0] ?? "")?.[1];
  return file === undefined ? [] : [{ name, file, excerpt: lines.slice(1).join("\n") }];
});

test.each(excerpts)("$name is in $file", ({ file, excerpt }) => {
  const squeezed = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
  expect(squeezed(readFileSync(join(root, file), "utf8"))).toContain(squeezed(excerpt));
});

test.each(of("sh"))("$name names commands that exist", ({ lines }) => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
  const help = run("npx kvm-conform --help");
  const named = lines.flatMap((line) => /^npm (?:run )?(?!ci|install)([\w:]+)/.exec(line)?.[1] ?? []);
  const commanded = lines.flatMap((line) => /^npx kvm-conform ([\w-]+)/.exec(line)?.[1] ?? []);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  expect(commanded.filter((command) => !help.includes(`\n  ${command} `))).toEqual([]);
});

function commands(lines: readonly string[]): { command: string; output: string[] }[] {
  const found: { command: string; output: string[] }[] = [];
  for (const line of lines)
    if (line.startsWith("$ ")) found.push({ command: line.slice(2), output: [] });
    else found.at(-1)?.output.push(line);
  return found;
}

/** Runs what a reader would type, on the build that is here. */
function run(command: string): string {
  const [, args = ""] = /^npx kvm-conform ?(.*)$/.exec(command) ?? [];
  const split = [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
  const env = { ...process.env, NO_COLOR: "1" };
  return spawnSync(process.execPath, [join(root, "bin/kvm-conform.js"), ...split], { cwd: root, encoding: "utf8", env }).stdout;
}

function normal(text: string): string {
  return `${text
    .replaceAll(/\d+\.\d s\b/g, "N s")
    .replaceAll(/[ \t]+$/gm, "")
    .trim()}\n`;
}

function pattern(output: readonly string[]): RegExp {
  const lines = normal(output.join("\n")).trimEnd().split("\n");
  const escaped = lines.map((line) => (line.trim() === "..." ? "(?:.*\\n)*?" : `${line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\n`));
  return new RegExp(`^${escaped.join("")}$`);
}

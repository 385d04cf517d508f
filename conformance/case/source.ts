/**
 * One spec file: its text, its value, and where in the text each part of the value stands.
 *
 * Spec files use the plain part of YAML: maps, lists, strings, exact integers and booleans. All
 * else (anchors, aliases, tags, merge keys, directives) is refused before anything is expanded.
 */
import { Composer, type CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, type ParsedNode, Parser, type YAMLError } from "yaml";
import type { Code, Problem } from "./problems";

const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 32;
/** More problems than this in one file help nobody. */
const MAX_PROBLEMS = 20;
/** Habits rather than mistakes: said at the first place only. */
const ONCE: readonly Code[] = ["YAML-003", "YAML-004", "YAML-005"];

/** Where in a value something is: keys and indices from the root. */
export type Path = readonly (string | number)[];

/** What a problem says beyond its code and place. */
export interface Said {
  readonly message: string;
  readonly hint?: string | undefined;
  /** Point at the last key of the path, not at what it holds. */
  readonly atKey?: boolean;
}

/** A file that was read; `value` is undefined until it is parsed, and if it is not plain YAML. */
export class Source {
  readonly problems: Problem[] = [];
  value: unknown;
  private doc: Document.Parsed | undefined;

  constructor(
    readonly file: string,
    bytes: Uint8Array,
  ) {
    if (bytes.length > MAX_BYTES) {
      this.text = "";
      this.reportAt("YAML-009", 0, 0, { message: `${String(bytes.length)} bytes`, hint: "split the file" });
      return;
    }
    this.text = new TextDecoder().decode(bytes);
    if (!isUtf8(bytes)) {
      const at = this.text.indexOf("\ufffd");
      this.reportAt("YAML-011", at, at + 1, { message: "a byte here is not UTF-8", hint: "save the file as UTF-8" });
    }
  }

  readonly text: string;

  /** Reports a problem with the part of the value at `path`, or with its nearest part that exists. */
  report(code: Code, path: Path, said: Said): void {
    const [start, end] = this.find(path, said.atKey === true);
    this.reportAt(code, start, end, said);
  }

  /** The line, from 1, on which the part of the value at `path` begins. */
  lineOf(path: Path): number {
    const [start] = this.find(path, false);
    return this.text.slice(0, start).split("\n").length;
  }

  /** Reports a problem with a stretch of the text, given in UTF-16 units. */
  reportAt(code: Code, start: number, end: number, { message, hint }: Said): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    const before = this.text.slice(0, start);
    const line = before.split("\n").length;
    const column = start - before.lastIndexOf("\n");
    const place = { file: this.file, line, column, frame: frame(this.text, line, column, end - start) };
    this.problems.push({ code, ...place, message: harmless(message), ...(hint !== undefined && { hint: harmless(hint) }) });
  }

  /** Makes `value` of the text; problems with its YAML are reported. */
  parse(): void {
    if (this.problems.length > 0) return;
    try {
      this.compose();
    } catch (error) {
      if (!(error instanceof TooDeep)) throw error;
      this.reportAt("YAML-010", error.offset, error.offset + 1, error);
    }
  }

  private compose(): void {
    const composer = new Composer({ uniqueKeys: false, merge: false, schema: "core" });
    const [doc, second] = [...composer.compose(tokens(this.text), true, this.text.length)];
    const error = doc?.errors[0];
    if (error !== undefined) {
      this.reportAt(CODES[error.code] ?? "YAML-001", error.pos[0], error.pos[1], { message: error.message });
      return;
    }
    if (doc === undefined) throw new Error("YAML always makes a document");
    this.doc = doc;
    if (second !== undefined) this.reportAt("YAML-007", second.range[0], second.range[0] + 3, { message: "a second document begins here" });
    if (doc.directives.yaml.explicit === true || Object.keys(doc.directives.tags).length > 1)
      this.reportAt("YAML-005", 0, 1, { message: "directives are not used here", hint: "remove the lines that begin with %" });
    if (doc.contents === null || (isScalar(doc.contents) && doc.contents.value === null))
      this.reportAt("YAML-008", 0, 0, { message: "nothing is here" });
    else {
      const value = this.plain(doc.contents, 1);
      if (this.problems.length === 0) this.value = value;
    }
  }

  private plain(node: ParsedNode | null, depth: number): unknown {
    if (node === null) return null;
    const refused = refusalOf(node, depth);
    if (refused !== undefined) {
      if (!ONCE.includes(refused.code) || this.problems.every(({ code }) => code !== refused.code))
        this.reportAt(refused.code, node.range[0], node.range[1], refused);
      return undefined;
    }
    if (isSeq(node)) return node.items.map((item) => this.plain(item, depth + 1));
    if (isMap(node)) return this.plainMap(node.items, depth);
    return isScalar(node) ? node.value : undefined;
  }

  private plainMap(pairs: readonly Pair[], depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? key.value : undefined;
      const refused = refusalOfKey(name, map);
      if (refused !== undefined) {
        const [start, end] = key?.range ?? value?.range ?? [0, 0];
        this.reportAt(refused.code, start, end, refused);
      } else {
        this.plain(key, depth);
        map[String(name)] = this.plain(value, depth + 1);
      }
    }
    return map;
  }

  /** The stretch of text of the node at `path`, or of the nearest node around it. */
  private find(path: Path, atKey: boolean): [number, number] {
    let node: ParsedNode | null = this.doc?.contents ?? null;
    let found: [number, number] = node === null ? [0, 0] : [node.range[0], node.range[1]];
    for (const [i, step] of path.entries()) {
      let next: ParsedNode | null | undefined;
      if (isSeq(node)) next = node.items[Number(step)];
      else if (isMap(node)) {
        const pair = (node.items as readonly Pair[]).find(({ key }) => isScalar(key) && key.value === step);
        if (pair?.key != null) found = [pair.key.range[0], pair.key.range[1]];
        if (atKey && i === path.length - 1) return found;
        next = pair?.value;
      }
      if (next === undefined || next === null) return found;
      node = next;
      found = [node.range[0], node.range[1]];
    }
    return found;
  }
}

interface Pair {
  readonly key: ParsedNode | null;
  readonly value: ParsedNode | null;
}

interface Refused extends Said {
  readonly code: Code;
}

function refusalOf(node: ParsedNode, depth: number): Refused | undefined {
  if (depth > MAX_DEPTH) return { code: "YAML-010", message: `nested deeper than ${String(MAX_DEPTH)} levels` };
  if (isAlias(node)) return { code: "YAML-004", message: `*${node.source} is an alias`, hint: "write out what it stands for" };
  if (node.anchor !== undefined)
    return { code: "YAML-003", message: `&${node.anchor} is an anchor`, hint: "remove it, and write out what referred to it" };
  if (node.tag !== undefined) {
    const tag = node.tag.replace("tag:yaml.org,2002:", "!!");
    return { code: "YAML-005", message: `${tag} is a tag`, hint: "remove it; quote a number that is meant as text" };
  }
  if (!isScalar(node) || typeof node.value !== "number" || isExact(node.value, node.source)) return undefined;
  const hint = 'quote it, 64-bit values as hex strings: "0xffffffff00000000"';
  return { code: "YAML-013", message: `${node.source} is not written as an exact integer`, hint };
}

function refusalOfKey(name: unknown, map: object): Refused | undefined {
  if (typeof name !== "string") return { code: "YAML-012", message: "this is not a plain word", hint: "quote it if it is meant as a word" };
  if (name === "__proto__") return { code: "YAML-012", message: "__proto__ is not a key of anything" };
  if (name === "<<") return { code: "YAML-006", message: "<< is a merge key", hint: "write out the keys" };
  return Object.hasOwn(map, name) ? { code: "YAML-002", message: `${JSON.stringify(name)} is here twice`, hint: "keep one" } : undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * Cuts the text into YAML's tokens, and hands them on only while few are open: what composes them
 * recurses, and a process that exhausts its stack there may end without a word.
 */
function* tokens(text: string): Generator<CST.Token> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > 2 * MAX_DEPTH) throw new TooDeep(parser.offset);
  }
  yield* parser.end();
}

class TooDeep extends Error {
  constructor(readonly offset: number) {
    super(`nested deeper than ${String(MAX_DEPTH)} levels`);
  }
}

function isExact(value: number, written: string): boolean {
  return Number.isSafeInteger(value) && /^(-?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+)$/.test(written);
}

/** Which problem an error of the YAML library is, if not simply YAML-001. */
const CODES: Readonly<Partial<Record<YAMLError["code"], Code>>> = {
  MULTIPLE_ANCHORS: "YAML-003",
  ALIAS_PROPS: "YAML-004",
  BAD_ALIAS: "YAML-004",
  TAG_RESOLVE_FAILED: "YAML-005",
  MULTIPLE_TAGS: "YAML-005",
};

/** Text of a file as it may be printed: without what could steer a terminal. */
function harmless(text: string): string {
  return text.replace(/\p{C}/gu, "·");
}

/** The line with carets under the place; long lines are cut. */
function frame(text: string, line: number, column: number, length: number): string {
  const whole = text.split("\n")[line - 1] ?? "";
  const from = Math.max(0, column - 1 - 60);
  const shown = harmless(whole.slice(from, from + 110));
  const carets = "^".repeat(Math.max(1, Math.min(length, whole.length - column + 1, from + 110 - column + 1)));
  const number = String(line);
  const margin = " ".repeat(number.length);
  return `${number} | ${shown}\n${margin} | ${" ".repeat(column - 1 - from)}${carets}`;
}

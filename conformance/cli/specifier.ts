/** What `--adapter` names: the reference, KVM itself, a module, or a command that speaks the dialogue. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import type { Door } from "../adapter/door";
import { doorTo, type Adapter } from "../adapter/in-process";
import type { Remote } from "../adapter/remote";
import { Child, PATIENCE, type Patience } from "../adapter/stdio";
import { startKvm } from "../linux/start";
import { kvmOptions } from "./kvm";
import { UsageError } from "./usage";

/** An implementation that can be reached: in this process, or outside of it. */
export type Reached = { readonly in: "process"; readonly open: () => Door } | { readonly in: "remote"; readonly start: Start };

/** Makes ready what is asked; `patience` multiplies every deadline. Throws Crashed if what it needs is not there. */
type Start = (patience: number) => Promise<Remote>;

/** A module that has a door of its own (the reference, its bugs and older kernels). */
interface HasDoor {
  readonly door: () => Door;
}

/** This package's modules: dist/, or the sources where they run untranslated. */
const HERE = resolve(__dirname, "../..");

/**
 * Names first (`reference`, `kvm`), then modules, seen from `cwd` and from this package
 * (`fixtures/bugs/synic/x`); anything else is a command line, split at spaces outside quotes.
 */
export function reach(specifier: string, cwd = process.cwd()): Reached {
  const kvm = kvmOptions(specifier);
  if (kvm !== undefined) return { in: "remote", start: (patience) => startKvm({ ...kvm, patience }) };
  const file = moduleOf(specifier, cwd);
  if (file !== undefined) return { in: "process", open: doorOfModule(file, specifier) };
  const command = words(specifier);
  const [program] = command;
  if (program === undefined) throw new UsageError("--adapter is empty: give `reference`, a module, or a command in quotes");
  if (command.length === 1 && /^(\.{0,2}\/)?fixtures\/|\.c?js$/.test(specifier))
    throw new UsageError(`there is no module ${specifier}; \`kvm-conform list --fixtures\` shows those that there are`);
  return { in: "remote", start: (patience) => Promise.resolve(new Child(command, patient(patience))) };
}

function patient(times: number): Patience {
  return { ...PATIENCE, deadline: PATIENCE.deadline * times, grace: PATIENCE.grace * times };
}

/** The file of the module that a specifier names; undefined if it names something else. */
export function moduleOf(specifier: string, cwd = process.cwd()): string | undefined {
  return moduleFile(specifier === "reference" ? "./reference/default" : specifier, cwd);
}

function moduleFile(specifier: string, cwd: string): string | undefined {
  if (/\s/.test(specifier)) return undefined;
  const source = extname(__filename);
  const named = [resolve(cwd, specifier), `${resolve(cwd, specifier)}.js`, `${resolve(cwd, specifier)}.cjs`];
  const own = [`${join(HERE, specifier)}${source}`];
  const candidates = [...named.filter((file) => /\.(js|cjs)$/.test(file)), ...own];
  return candidates.find((file) => existsSync(file) && statSync(file).isFile());
}

function doorOfModule(file: string, specifier: string): () => Door {
  const offered = loadModule(file);
  if (hasDoor(offered)) return offered.door;
  if (isAdapter(offered)) return () => doorTo(offered);
  throw new UsageError(
    `${specifier} (${file}) exports no adapter: its default export needs \`open\`, \`calls\` and \`reads\` (see fixtures/adapters/)`,
  );
}

function hasDoor(offered: unknown): offered is HasDoor {
  return typeof offered === "object" && offered !== null && "door" in offered && typeof offered.door === "function";
}

function isAdapter(offered: unknown): offered is Adapter<unknown> {
  return typeof offered === "object" && offered !== null && "open" in offered && "calls" in offered && "reads" in offered;
}

/** What a bug or an older kernel says of itself: its story, and for a bug the rule that it breaks. */
export function aboutFixture(specifier: string, cwd = process.cwd()): { readonly breaks?: string; readonly story: string } {
  const file = moduleFile(specifier, cwd);
  const about = file === undefined ? undefined : (loadModule(file) as { breaks?: string; story?: unknown });
  if (typeof about?.story !== "string") throw new UsageError(`${specifier} is no fixture: it has no story`);
  return { story: about.story, ...(about.breaks !== undefined && { breaks: about.breaks }) };
}

/** Every bug (`fixtures/bugs/<area>/<name>`) and older kernel of this package, as specifiers. */
export function fixtureSpecifiers(kind: "bugs" | "kernels" | "all" = "all"): string[] {
  const kinds = kind === "all" ? ["bugs", "kernels"] : [kind];
  return kinds
    .flatMap((folder) =>
      readdirSync(join(HERE, "fixtures", folder), { recursive: true, encoding: "utf8" }).map((file) => `fixtures/${folder}/${file}`),
    )
    .filter((file) => /\.(js|ts)$/.test(file) && !/\.(test|d)\.(js|ts)$/.test(file))
    .map((file) => file.replace(/\.(js|ts)$/, ""))
    .sort();
}

function loadModule(file: string): unknown {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- which module is known only now
  const loaded = require(file) as { default?: unknown };
  return loaded.default ?? loaded;
}

/** A command line in words, as a shell would split it, without its other powers. */
export function words(text: string): string[] {
  const found: string[] = [];
  for (const [, double, single, bare] of text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) found.push(double ?? single ?? bare ?? "");
  return found;
}

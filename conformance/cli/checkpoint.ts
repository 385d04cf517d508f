/** What is kept of a run while it lasts, so that one that was cut short (Ctrl-C, kill -9) can be gone on with. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../case/root";
import { moduleOf } from "./specifier";

/** How often it is written. Twice as much may have to be explored again. */
const EVERY_MS = 2000;

/** Of what a run was: if one of these has changed, what was found is not of the same thing. */
interface Fingerprint {
  readonly "the spec": string;
  readonly "the runner or the implementation": string;
  readonly "what is asked": string;
}

interface Checkpoint<Saved> {
  readonly format: 1;
  readonly fingerprint: Fingerprint;
  readonly saved: Saved;
}

/** The checkpoint of one run, in its folder. */
export class Keeper<Saved> {
  private readonly file: string;
  private fingerprint: Fingerprint | undefined;
  private last = performance.now();

  /** `asked` is all that tells this run from others on the same adapter. */
  constructor(
    folder: string,
    private readonly adapter: string,
    private readonly asked: unknown,
  ) {
    this.file = join(folder, "resume.json");
  }

  /** Whether a run was cut short here. */
  get isThere(): boolean {
    return existsSync(this.file);
  }

  /** What was kept, or why it is of no use. */
  read(): Saved | string {
    if (!this.isThere) return `nothing to resume: there is no ${this.file}`;
    let checkpoint: Partial<Checkpoint<Saved>>;
    try {
      checkpoint = JSON.parse(readFileSync(this.file, "utf8")) as Partial<Checkpoint<Saved>>;
    } catch (error) {
      return `not resumed: ${this.file} is damaged (${error instanceof Error ? error.message : String(error)})`;
    }
    const { format, fingerprint, saved } = checkpoint;
    if (format !== 1 || fingerprint === undefined || saved === undefined)
      return `not resumed: ${this.file} is damaged, or of another version of this program`;
    const now = this.fingerprinted();
    const changed = (Object.keys(now) as (keyof Fingerprint)[]).find((what) => now[what] !== fingerprint[what]);
    return changed === undefined ? saved : `not resumed: ${changed} changed since ${statSync(this.file).mtime.toISOString()}`;
  }

  /** Writes down where the run stands if it is time to; then everybody is asked to say anew where they stand. */
  glance(save: () => Saved, pauseAll: () => void): void {
    if (performance.now() - this.last < EVERY_MS) return;
    this.write(save());
    pauseAll();
  }

  /** Whole or not at all: a run that is killed while it writes leaves what it wrote before. */
  write(saved: Saved): void {
    const checkpoint: Checkpoint<Saved> = { format: 1, fingerprint: this.fingerprinted(), saved };
    writeFileSync(`${this.file}.new`, JSON.stringify(checkpoint));
    renameSync(`${this.file}.new`, this.file);
    this.last = performance.now();
  }

  /** The run came to its end. */
  forget(): void {
    rmSync(this.file, { force: true });
  }

  private fingerprinted(): Fingerprint {
    const root = packageRoot();
    const own = moduleOf(this.adapter);
    return (this.fingerprint ??= {
      "the spec": hashOf(filesBelow(join(root, "spec"))),
      "the runner or the implementation": hashOf([...filesBelow(join(root, "dist")), ...(own === undefined ? [] : [own])]),
      "what is asked": createHash("sha256")
        .update(JSON.stringify([this.adapter, this.asked]))
        .digest("hex"),
    });
  }
}

function filesBelow(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.map((each) => join(each.parentPath, each.name)).sort();
}

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) if (/\.(js|cjs|json|yaml)$/.test(file)) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}

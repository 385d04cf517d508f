/** The machine that the adapter runs on: where things are, and which commands there are. */
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../case/root";

/** What of a machine matters here. Tests make up their own. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  /** Where the build put the agent and the guest program, or a file that says why it could not. */
  readonly built: string;
  /** KVM's device. */
  readonly kvm: string;
  /** The folder that belongs to this project. */
  readonly cache: string;
  /** Where apt's configuration is. It is read for the mirror, and never written. */
  readonly apt: string;
  /** The keys by which Debian's signatures are checked. */
  readonly keyring: string;
  /** Whether this process may install packages. */
  readonly isRoot: boolean;
}

/** The machine that this process runs on. */
export function thisMachine(env = process.env): Machine {
  const caches = env["XDG_CACHE_HOME"] ?? "";
  return {
    env,
    built: join(packageRoot(), "dist/conformance/linux"),
    kvm: "/dev/kvm",
    cache: join(caches === "" ? join(homedir(), ".cache") : caches, "kvm-conform"),
    apt: "/etc/apt",
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
    isRoot: process.getuid?.() === 0,
  };
}

/** The file of a command, or undefined where PATH does not lead to it. */
export function commandFile(name: string, { env }: Machine): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

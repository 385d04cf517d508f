/**
 * Fetches kernels from a Debian mirror, by an apt that knows nothing but a folder of ours: its own
 * sources, lists and cache. Apt checks the signatures against Debian's keyring, and the package by the
 * checksum of the signed index.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Crashed } from "../../adapter/door";
import { digest, IMAGE, kernelFolder, MANIFEST, MODULES, PORT_MODULES, SERIES, type Manifest, type Series } from "./kernels";
import { commandFile, type Machine } from "./machine";

const META_PACKAGE = "linux-image-cloud-amd64";
const DEFAULT_MIRROR = "http://deb.debian.org/debian";

/** Where the modules lie below a kernel's own folder of modules; newer Debians pack them with xz. */
const MODULE_FOLDERS = ["kernel/virt/lib", "kernel/arch/x86/kvm", "kernel/drivers/virtio", "kernel/drivers/char"];

/** Puts a kernel into the cache, in place of what is there. Throws Crashed, in apt's words, if it cannot be had. */
export function fetchKernel(series: Series, machine: Machine): Manifest {
  for (const name of ["apt-get", "apt-cache", "dpkg-deb", "xz"])
    if (commandFile(name, machine) === undefined)
      throw new Crashed(`there is no ${name} on PATH: kernels are Debian's packages, and are fetched on Debian and its relatives only`);
  if (!existsSync(machine.keyring))
    throw new Crashed(`${machine.keyring} is not there to check signatures with: \`apt-get install debian-archive-keyring\` gets it`);
  mkdirSync(machine.cache, { recursive: true });
  const work = mkdtempSync(join(machine.cache, ".fetching-"));
  try {
    const manifest = unpack(download(series, work, machine), work, machine);
    const folder = kernelFolder(series, machine);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(work, "kernel"), folder);
    return manifest;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A package, and its version, that has come into the folder. */
interface Downloaded {
  readonly name: string;
  readonly version: string;
  readonly file: string;
}

function download(series: Series, work: string, machine: Machine): Downloaded {
  const config = aptFolder(series, work, machine);
  const apt = (command: string, ...args: string[]): string =>
    run(command, args, work, { ...machine, env: { ...machine.env, APT_CONFIG: config, LC_ALL: "C" } });
  apt("apt-get", "update", "--error-on=any");
  const about = apt("apt-cache", "show", META_PACKAGE);
  const [, name, version] = /^Depends: (linux-image-\S+) \(= (\S+)\)$/m.exec(about) ?? [];
  if (name === undefined || version === undefined || !name.startsWith(`linux-image-${series}.`))
    throw new Crashed(`${META_PACKAGE} of Debian ${SERIES[series]} leads to no Linux ${series}:\n${about}`);
  apt("apt-get", "download", name);
  const file = readdirSync(work).find((each) => each.endsWith(".deb"));
  if (file === undefined) throw new Crashed(`apt-get download ${name} left no package behind`);
  return { name, version, file: join(work, file) };
}

/** An apt of our own. Of the machine's configuration it is given the mirror, and how to reach it. */
function aptFolder(series: Series, work: string, machine: Machine): string {
  for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(work, folder), { recursive: true });
  writeFileSync(join(work, "status"), "");
  writeFileSync(
    join(work, "debian.sources"),
    `Types: deb\nURIs: ${mirror(machine)}\nSuites: ${SERIES[series]}\nComponents: main\nArchitectures: amd64\nSigned-By: ${machine.keyring}\n`,
  );
  const reach = commandFile("apt-config", machine);
  const acquire = reach === undefined ? "" : run(reach, ["dump", "Acquire::http", "Acquire::https"], work, machine);
  const nothing = ["Dir::Etc::sourceparts", "Dir::Etc::parts", "Dir::Etc::main", "Dir::Etc::preferences", "Dir::Etc::preferencesparts"];
  const ours = {
    "Dir::State": work,
    "Dir::State::lists": join(work, "lists"),
    "Dir::State::status": join(work, "status"),
    "Dir::Cache": join(work, "cache"),
    "Dir::Etc::sourcelist": join(work, "debian.sources"),
    ...Object.fromEntries(nothing.map((name) => [name, "/dev/null"])),
    "APT::Architecture": "amd64",
    "APT::Architectures": "amd64",
    // The user that apt downloads as may not enter this folder.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Acquire::Retries": "1",
  };
  const config = join(work, "apt.conf");
  writeFileSync(
    config,
    `${acquire}${Object.entries(ours)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join("")}`,
  );
  return config;
}

/** The mirror that this machine installs Debian from, if it does. */
export function mirror({ apt }: Machine): string {
  const parts = join(apt, "sources.list.d");
  const files = [join(apt, "sources.list"), ...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [])];
  const lines = files
    .filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").split("\n"));
  const uris = lines.filter((line) => !line.startsWith("#")).map((line) => /\b(?:https?|file):\/\/\S+\/debian\/?(?=\s|$)/.exec(line)?.[0]);
  return uris.find((uri) => uri !== undefined) ?? DEFAULT_MIRROR;
}

/** Takes what is needed out of a package into `kernel`, the manifest last. */
function unpack({ name, version, file }: Downloaded, work: string, machine: Machine): Manifest {
  const all = join(work, "all");
  const kernel = join(work, "kernel");
  run("dpkg-deb", ["-x", file, all], work, machine);
  mkdirSync(kernel);
  const uname = name.replace(/^linux-image-/, "");
  copyFileSync(join(all, "boot", `vmlinuz-${uname}`), join(kernel, IMAGE));
  const roots = ["lib/modules", "usr/lib/modules"].flatMap((root) => MODULE_FOLDERS.map((folder) => join(all, root, uname, folder)));
  const takeModule = (module: string): boolean => {
    const at = roots.map((root) => join(root, module)).find((each) => existsSync(each) || existsSync(`${each}.xz`));
    if (at === undefined) return false;
    if (!existsSync(at)) run("xz", ["-d", `${at}.xz`], work, machine);
    copyFileSync(at, join(kernel, module));
    return true;
  };
  const lacking = MODULES.filter((module) => !takeModule(module));
  if (lacking.length > 0) throw new Crashed(`${name} has no ${lacking.join(" and no ")}`);
  const taken = [IMAGE, ...MODULES, ...PORT_MODULES.filter(takeModule)];
  const files = Object.fromEntries(taken.map((each) => [each, digest(join(kernel, each)) ?? ""]));
  const manifest: Manifest = { package: name, version, uname, files };
  writeFileSync(join(kernel, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

function run(command: string, args: readonly string[], cwd: string, { env }: Machine): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status === 0) return stdout;
  const told = stderr.split("\n").filter((line) => /^[WE]: /.test(line));
  const words = told.length > 0 ? told.map((line) => line.slice("E: ".length)) : [stderr, stdout];
  throw new Crashed(`${command} ${args.join(" ")} failed: ${error?.message ?? words.join(" ").trim()}`);
}

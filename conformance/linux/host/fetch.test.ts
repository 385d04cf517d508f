/** Kernels from a small archive of our own, signed with a key of our own: apt does not know that it is not Debian's. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { needs } from "../../../tools/needs";
import { Crashed } from "../../adapter/door";
import { fetchKernel, mirror } from "./fetch";
import { findKernel, kernelFolder, type Manifest } from "./kernels";
import { thisMachine, type Machine } from "./machine";

const UNAME = "6.12.1-planted-cloud-amd64";
const withApt = needs("gpg", "apt-get", "dpkg-deb", "xz");

jest.setTimeout(60_000);

/** The archive is made once, and each test has a copy. */
let original: string;
let folder: string;
let machine: Machine;

beforeAll(() => {
  if (withApt !== test) return;
  original = mkdtempSync(join(tmpdir(), "kvm-conform-archive-"));
  const pool = join(original, "debian/pool");
  mkdirSync(pool, { recursive: true });
  const image = { name: `linux-image-${UNAME}`, depends: "", files: imageFiles() };
  const meta = { name: "linux-image-cloud-amd64", depends: `Depends: ${image.name} (= 6.12.1-1)\n`, files: {} };
  index([image, meta].map((each) => packed(each, pool)).join("\n"));
});

afterAll(() => {
  if (withApt === test) rmSync(original, { recursive: true });
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kvm-conform-fetch-"));
  if (withApt === test) cpSync(original, folder, { recursive: true });
  machine = { ...thisMachine(), cache: join(folder, "cache"), apt: join(folder, "apt"), keyring: join(folder, "keyring.gpg") };
  write("apt/sources.list", `# deb http://nowhere.invalid/debian trixie main\ndeb file://${folder}/debian bookworm main\n`);
});

afterEach(() => rmSync(folder, { recursive: true }));

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

function write(name: string, text: string, below = folder): void {
  mkdirSync(dirname(join(below, name)), { recursive: true });
  writeFileSync(join(below, name), text);
}

function imageFiles(): Record<string, string> {
  const modules = `lib/modules/${UNAME}/kernel`;
  return {
    [`boot/vmlinuz-${UNAME}`]: "image",
    [`${modules}/virt/lib/irqbypass.ko`]: "b",
    [`${modules}/arch/x86/kvm/kvm.ko`]: "k",
    [`${modules}/arch/x86/kvm/kvm-amd.ko`]: "a",
    [`${modules}/drivers/virtio/virtio.ko`]: "v",
  };
}

/** Makes a package, and answers what an index says of it. Modules below arch are packed, as in newer Debians. */
function packed({ name, depends, files }: { name: string; depends: string; files: Record<string, string> }, pool: string): string {
  const root = mkdtempSync(join(original, "root-"));
  const control = `Package: ${name}\nVersion: 6.12.1-1\nArchitecture: amd64\nMaintainer: Nobody <nobody@nowhere.invalid>\n${depends}Description: planted\n`;
  write("DEBIAN/control", control, root);
  for (const [file, text] of Object.entries(files)) write(file, text, root);
  for (const file of Object.keys(files).filter((each) => each.includes("/arch/"))) run("xz", join(root, file));
  const deb = join(pool, `${name}.deb`);
  run("dpkg-deb", "--root-owner-group", "-b", root, deb);
  return `${control}Filename: pool/${name}.deb\nSize: ${statSync(deb).size}\nSHA256: ${sha256(deb)}\n`;
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Writes and signs the index of the archive. */
function index(packages: string): void {
  const at = join(original, "debian/dists/trixie");
  write("main/binary-amd64/Packages", packages, at);
  const file = join(at, "main/binary-amd64/Packages");
  const about = [
    "Origin: Debian",
    "Suite: stable",
    "Codename: trixie",
    "Components: main",
    "Architectures: amd64",
    `Date: ${new Date().toUTCString()}`,
  ];
  write("Release", `${about.join("\n")}\nSHA256:\n ${sha256(file)} ${statSync(file).size} main/binary-amd64/Packages\n`, at);
  const home = join(original, "gnupg");
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]): void => run("gpg", "--homedir", home, "--batch", "--passphrase", "", ...args);
  gpg("--quick-gen-key", "planted@nowhere.invalid", "rsa3072", "sign", "never");
  gpg("-o", join(original, "keyring.gpg"), "--export");
  gpg("--clearsign", "-o", join(at, "InRelease"), join(at, "Release"));
  run("gpgconf", "--homedir", home, "--kill", "gpg-agent");
}

const fetchIt = (): Manifest => fetchKernel("6.12", machine);
/** Why it cannot be had. */
function whatItSays(): string {
  try {
    fetchIt();
  } catch (error) {
    if (error instanceof Crashed) return error.message;
    throw error;
  }
  return "it can be had";
}
const left = (): string[] => (existsSync(machine.cache) ? readdirSync(machine.cache) : []);

withApt("a kernel is found through the meta package, unpacked, and whole in the cache; nothing else is left", () => {
  expect(fetchIt()).toMatchObject({ package: `linux-image-${UNAME}`, version: "6.12.1-1", uname: UNAME });
  const { folder: at, files } = findKernel("6.12", machine);
  expect(Object.keys(files)).toEqual(["vmlinuz", "irqbypass.ko", "kvm.ko", "kvm-amd.ko", "virtio.ko"]);
  expect(readFileSync(join(at, "vmlinuz"), "utf8")).toBe("image");
  expect(readFileSync(join(at, "kvm.ko"), "utf8")).toBe("k");
  expect(left()).toEqual(["linux-6.12"]);
});

withApt("a kernel that is damaged is replaced by one that is whole", () => {
  fetchIt();
  write("kvm.ko", "", kernelFolder("6.12", machine));
  expect(() => findKernel("6.12", machine)).toThrow("is not as it was fetched");
  fetchIt();
  expect(findKernel("6.12", machine).uname).toBe(UNAME);
});

/** Each must leave what was fetched before as it was. */
const DAMAGES: [what: string, damage: () => void, words: RegExp][] = [
  [
    "a package whose checksum is not that of the index",
    () => write(`debian/pool/linux-image-${UNAME}.deb`, "x"),
    /apt-get download .* failed: .*(Hash Sum|size) mismatch/is,
  ],
  [
    "an index whose checksum is not the signed one",
    () => write("debian/dists/trixie/main/binary-amd64/Packages", "x"),
    /apt-get update .* failed: .*(Hash Sum|size) mismatch/is,
  ],
  [
    "a signature that does not fit",
    () => resign((text) => text.replace("Suite: stable", "Suite: other")),
    /apt-get update .* failed: .*(BADSIG|invalid)/is,
  ],
  ["a signature with another key", () => writeFileSync(machine.keyring, ""), /apt-get update .* failed: .*(NO_PUBKEY|not signed)/is],
  [
    "an archive without a signature",
    () => resign((text) => text.replace(/-----BEGIN PGP SIGNATURE[^]*$/, "")),
    /apt-get update .* failed: /,
  ],
  ["a machine without the keys", () => rmSync(machine.keyring), /`apt-get install debian-archive-keyring` gets it/],
  [
    "a mirror that is not there",
    () => write("apt/sources.list", "deb http://127.0.0.1:9/debian trixie main\n"),
    /apt-get update .* failed: .*connect/is,
  ],
  ["a machine without apt", () => (machine = { ...machine, env: { PATH: folder } }), /there is no apt-get on PATH/],
];

function resign(change: (text: string) => string): void {
  const file = "debian/dists/trixie/InRelease";
  write(file, change(readFileSync(join(folder, file), "utf8")));
}

for (const [what, damage, words] of DAMAGES)
  withApt(`${what} is refused in clear words, and what was there is kept`, () => {
    fetchIt();
    damage();
    expect(whatItSays()).toMatch(words);
    expect(left()).toEqual(["linux-6.12"]);
    expect(findKernel("6.12", { ...machine, env: process.env }).uname).toBe(UNAME);
  });

test.each([
  ["deb http://ftp.nowhere.invalid/debian trixie main", "http://ftp.nowhere.invalid/debian"],
  ["deb [signed-by=/x.gpg] https://nowhere.invalid/mirrors/debian/ trixie main", "https://nowhere.invalid/mirrors/debian/"],
  ["deb http://nowhere.invalid/debian-security trixie main", "http://deb.debian.org/debian"],
  ["# deb http://nowhere.invalid/debian trixie main", "http://deb.debian.org/debian"],
])("of %s the mirror is %s", (line, expected) => {
  write("apt/sources.list", `${line}\n`);
  expect(mirror(machine)).toBe(expected);
});

test("a mirror in the newer format is found", () => {
  rmSync(join(folder, "apt/sources.list"));
  write("apt/sources.list.d/debian.sources", "Types: deb\nURIs: http://nowhere.invalid/debian\nSuites: bookworm\n");
  expect(mirror(machine)).toBe("http://nowhere.invalid/debian");
});

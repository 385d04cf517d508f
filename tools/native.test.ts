import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "./needs";

const { isNativeBuilt, buildNative } = jest.requireActual<{
  isNativeBuilt: (root: string) => boolean;
  buildNative: (root: string, print: (line: string) => void) => void;
}>("./native");

const PATH = process.env["PATH"];
const onLinux = needs("linux-x64", "gcc");
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kvm-conform-native-"));
  for (const folder of ["agent", "world"]) mkdirSync(join(root, "conformance/linux", folder), { recursive: true });
  write("conformance/linux/agent/agent.c", "");
});

afterEach(() => {
  process.env["PATH"] = PATH;
  rmSync(root, { recursive: true });
});

function write(name: string, text: string, mode = 0o644): void {
  mkdirSync(join(root, name, ".."), { recursive: true });
  writeFileSync(join(root, name), text, { mode });
}

/** A compiler that does as it is told here: PATH leads to nothing else. */
function gcc(script: string): void {
  write("bin/gcc", `#!/bin/sh\n${script}\n`, 0o755);
  process.env["PATH"] = join(root, "bin");
}

function build(): string[] {
  const printed: string[] = [];
  buildNative(root, (line) => printed.push(line));
  expect(isNativeBuilt(root)).toBe(true);
  return printed;
}

const output = (name: string): string => join(root, "dist/conformance/linux", name);
const missing = (): string => readFileSync(output("missing"), "utf8");

onLinux("a program of bare machine code is made of an assembler source, with nothing around it", () => {
  process.env["PATH"] = PATH;
  write("conformance/linux/agent/agent.c", "void _start(void) { for (;;); }");
  write("conformance/linux/world/guest.S", ".code16\nhlt\nout %al, $0x10\n");
  expect(build()).toEqual([
    "setup: gcc agent/agent.c (changed since the last build)",
    "setup: gcc world/guest.S (changed since the last build)",
  ]);
  expect([...readFileSync(output("guest.bin"))]).toEqual([0xf4, 0xe6, 0x10]);
  expect(existsSync(output("missing"))).toBe(false);
});

onLinux("without gcc it is written down what is missing, once, and what gets it", () => {
  process.env["PATH"] = join(root, "bin");
  expect(build()).toEqual([]);
  expect(missing()).toContain("`apt-get install gcc linux-libc-dev`");
  gcc("");
  expect(isNativeBuilt(root)).toBe(false);
});

onLinux("what the compiler says against a source is kept, and what was built before is not", () => {
  write("dist/conformance/linux/agent.elf", "old");
  gcc("echo 'agent.c:1: a planted mistake' >&2; exit 1");
  build();
  expect(missing()).toBe("gcc cannot build agent/agent.c: agent.c:1: a planted mistake");
  expect(existsSync(output("agent.elf"))).toBe(false);
});

onLinux("a changed source is built again", () => {
  gcc("exit 0");
  build();
  write("conformance/linux/agent/agent.c", "/* changed */");
  expect(isNativeBuilt(root)).toBe(false);
});

onLinux("what is built stays, whether the compiler does or not", () => {
  gcc("exit 0");
  build();
  process.env["PATH"] = "";
  expect(isNativeBuilt(root)).toBe(true);
});

test("on another machine the words say which it is", () => {
  const { platform } = process;
  Object.defineProperty(process, "platform", { value: "darwin" });
  build();
  Object.defineProperty(process, "platform", { value: platform });
  expect(missing()).toMatch(/^KVM is driven on Linux on x86-64, and this is darwin on /);
});

test("a checkout without these sources has nothing to build", () => {
  rmSync(join(root, "conformance"), { recursive: true });
  expect(isNativeBuilt(root)).toBe(true);
});

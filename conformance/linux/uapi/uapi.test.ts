/** The tables of structures and numbers, held against what a compiler makes of the kernel's headers. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs } from "../../../tools/needs";
import { CAP, EXIT, GUESTDBG, IOCTL, SYS, XEN_ATTR, XEN_HVM_CONFIG, XEN_VCPU_ATTR } from "./ioctl";
import { bytesOf, field, offsetOf, pack, STRUCTS, unsigned, type Struct } from "./uapi";

/** What headers may lack that are older than the kernels we drive, and the macro that came with it. */
const NEWER: Readonly<Record<string, string>> = {
  kvm_pre_fault_memory: "KVM_PRE_FAULT_MEMORY",
  "kvm_xen_hvm_attr.u.runstate_update_flag": "KVM_XEN_HVM_CONFIG_RUNSTATE_UPDATE_FLAG",
};
/** Structures that end in an array, with the type of the one entry that we make room for. */
const WITH_ENTRY: Readonly<Record<string, string>> = {
  kvm_cpuid2: "kvm_cpuid_entry2",
  kvm_msrs: "kvm_msr_entry",
  kvm_irq_routing: "kvm_irq_routing_entry",
};
/** Of this one we only know the beginning. */
const BEGINNING = "kvm_run";

function numbersIn(prefix: string, table: Readonly<Record<string, number>>): [macro: string, ours: number][] {
  return Object.entries(table).map(([name, number]) => [prefix + name, number]);
}

const NUMBERS = [
  ...numbersIn("KVM_", IOCTL),
  ...numbersIn("KVM_CAP_", CAP),
  ...numbersIn("KVM_EXIT_", EXIT),
  ...numbersIn("KVM_GUESTDBG_", GUESTDBG),
  ...numbersIn("KVM_XEN_HVM_CONFIG_", XEN_HVM_CONFIG),
  ...numbersIn("KVM_XEN_ATTR_TYPE_", XEN_ATTR),
  ...numbersIn("KVM_XEN_VCPU_ATTR_TYPE_", XEN_VCPU_ATTR),
  ...numbersIn("__NR_", SYS),
];

/** Lines of C, compiled and run: what they print, by its first word. */
function inC(lines: readonly string[]): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "kvm-conform-uapi-"));
  const headers = ["linux/kvm.h", "asm/unistd.h", "stddef.h", "stdio.h"].map((name) => `#include <${name}>`);
  const source = [...headers, "int main(void) {", ...lines, "return 0; }"].join("\n");
  try {
    execFileSync("gcc", ["-w", "-x", "c", "-o", join(folder, "a"), "-"], { input: source, stdio: ["pipe", "pipe", "inherit"] });
    const printed = execFileSync(join(folder, "a"), { encoding: "utf8" }).trim().split("\n");
    return new Map(printed.map((line) => [line.split(" ")[0] ?? "", line.slice(line.indexOf(" ") + 1)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function onlyWith(macro: string | undefined, line: string): string {
  return macro === undefined ? line : `#ifdef ${macro}\n${line}\n#endif`;
}

const withHeaders = needs("linux-x64", "gcc");

withHeaders("every field lies where a compiler puts it", () => {
  const said = inC(
    Object.entries(STRUCTS).flatMap(([name, { fields }]) => [
      ...Object.keys(fields).map((path) =>
        onlyWith(
          NEWER[name] ?? NEWER[`${name}.${path}`],
          `printf("${name}.${path} %zu %zu\\n", offsetof(struct ${name}, ${path}), sizeof(((struct ${name} *)0)->${path}));`,
        ),
      ),
      onlyWith(
        NEWER[name],
        `printf("${name} %zu\\n", sizeof(struct ${name})${WITH_ENTRY[name] ? ` + sizeof(struct ${WITH_ENTRY[name]})` : ""});`,
      ),
    ]),
  );
  const ours = Object.entries<Struct>(STRUCTS).flatMap(([name, { size, fields }]) => [
    ...Object.entries(fields).map(([path, place]) => [`${name}.${path}`, place.join(" ")] as const),
    ...(name === BEGINNING ? [] : [[name, String(size)] as const]),
  ]);
  for (const [key, place] of ours) if (said.has(key)) expect([key, said.get(key)]).toEqual([key, place]);
  expect(said.size).toBeGreaterThan(60);
});

withHeaders("every number is the header's", () => {
  const said = inC(NUMBERS.map(([macro]) => onlyWith(macro, `printf("${macro} %lu\\n", (unsigned long)${macro});`)));
  for (const [macro, ours] of NUMBERS) if (said.has(macro)) expect([macro, said.get(macro)]).toEqual([macro, String(ours)]);
  // What these headers lack is too new for them.
  const lacking = NUMBERS.map(([macro]) => macro).filter((macro) => !said.has(macro));
  const newer = ["KVM_PRE_FAULT_MEMORY", "KVM_CAP_PRE_FAULT_MEMORY", "KVM_XEN_HVM_CONFIG_RUNSTATE_UPDATE_FLAG"];
  expect(newer.concat("KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG")).toEqual(expect.arrayContaining(lacking));
});

test("what is packed is found again, little-endian, and the rest is zero", () => {
  const bytes = pack("kvm_enable_cap", { cap: 128, "args[0]": 0x1122334455667788n });
  expect([bytes.length, bytes[0], bytes[8], bytes[15]]).toEqual([104, 128, 0x88, 0x11]);
  expect(field("kvm_enable_cap", "args[0]", bytes)).toBe(0x1122334455667788n);
  expect(field("kvm_enable_cap", "flags", bytes)).toBe(0n);
});

test("a number that is too large or negative is cut to its field", () => {
  const bytes = pack("kvm_irqfd", { fd: -1, gsi: 0x1_0000_0002 });
  expect([field("kvm_irqfd", "fd", bytes), field("kvm_irqfd", "gsi", bytes), field("kvm_irqfd", "flags", bytes)]).toEqual([
    0xffffffffn,
    2n,
    0n,
  ]);
  expect(unsigned(bytesOf(-2n, 8), 0, 8)).toBe(2n ** 64n - 2n);
});

test("a field that there is not is a mistake", () => {
  expect(() => offsetOf("kvm_regs", "xmm0" as never)).toThrow("struct kvm_regs has no field xmm0");
});

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = join(__dirname, "..");

/** Imports that the table allows: from, to. */
const ALLOWED = [
  ["reference/task.ts", "spec/generated/types.ts"],
  ["reference/sync/mutex.ts", "reference/task.ts"],
  ["reference/kvm/mmu.ts", "reference/sync/mutex.ts"],
  ["reference/apic/lapic.ts", "reference/kvm/mmu.ts"],
  ["reference/hyperv/synic.ts", "reference/apic/lapic.ts"],
  ["reference/machine.ts", "reference/hyperv/synic.ts"],
  ["reference/adapter.ts", "reference/machine.ts"],
  ["reference/honest.ts", "reference/adapter.ts"],
  // Half of a circle, which is reported once, at the other half.
  ["reference/kvm/hen.ts", "reference/kvm/egg.ts"],
  ["reference/kvm/mmu.test.ts", "conformance/cli/main.ts"],
  ["conformance/case/load.ts", "node:fs"],
  ["conformance/case/load.ts", "yaml"],
  ["conformance/plan/plan.ts", "conformance/case/load.ts"],
  ["conformance/adapter/pipe.ts", "conformance/case/load.ts"],
  ["conformance/explore/engine.ts", "conformance/adapter/pipe.ts"],
  ["conformance/verdict/judge.ts", "conformance/explore/engine.ts"],
  ["conformance/report/columns.ts", "conformance/verdict/judge.ts"],
  ["conformance/cli/main.ts", "conformance/report/columns.ts"],
  ["conformance/cli/main.ts", "coverage/rules.ts"],
  ["coverage/rules.ts", "conformance/report/events.ts"],
  ["fixtures/bugs/synic/bug.ts", "reference/hyperv/synic.ts"],
  ["fixtures/adapters/toy.ts", "conformance/adapter/pipe.ts"],
] as const;

/** Imports that it refuses: from, to, and the rule that says so. */
const REFUSED = [
  ["spec/generated/validators.ts", "conformance/case/load.ts", "spec-is-data"],
  ["reference/kvm/vcpu.ts", "conformance/report/events.ts", "reference-is-pure"],
  ["reference/kvm/clock.ts", "node:fs", "reference-is-pure"],
  ["reference/kvm/text.ts", "yaml", "reference-is-pure"],
  ["reference/kvm/tests.ts", "reference/kvm/mmu.test.ts", "no-test-imported"],
  ["reference/sync/rwlock.ts", "reference/kvm/mmu.ts", "reference-sync"],
  ["reference/kvm/memslots.ts", "reference/apic/lapic.ts", "reference-kvm"],
  ["reference/vmx/vmcs.ts", "reference/xen/evtchn.ts", "reference-vmx"],
  ["reference/xen/evtchn.ts", "reference/machine.ts", "reference-xen"],
  ["reference/machine.ts", "yaml", "reference-machine"],
  ["conformance/cli/run.ts", "reference/adapter.ts", "conformance-knows-no-implementation"],
  ["conformance/case/early.ts", "conformance/plan/plan.ts", "conformance-case"],
  ["conformance/plan/early.ts", "conformance/adapter/pipe.ts", "conformance-plan"],
  ["conformance/adapter/early.ts", "conformance/plan/plan.ts", "conformance-adapter"],
  ["conformance/explore/early.ts", "conformance/verdict/judge.ts", "conformance-explore"],
  ["conformance/verdict/early.ts", "conformance/report/columns.ts", "conformance-verdict"],
  ["conformance/report/early.ts", "conformance/cli/main.ts", "conformance-report"],
  ["conformance/linux/kvm.ts", "conformance/verdict/judge.ts", "conformance-linux"],
  ["conformance/report/covered.ts", "coverage/rules.ts", "coverage-only-from-cli"],
  ["coverage/code.ts", "conformance/verdict/judge.ts", "coverage-reads-logs"],
  ["fixtures/bugs/synic/rude.ts", "conformance/verdict/judge.ts", "fixtures-use-the-door"],
  ["conformance/cli/tool.ts", "tools/generate.js", "tools-stand-apart"],
  ["conformance/cli/built.ts", "dist/built.js", "no-output-imported"],
  ["conformance/cli/lost.ts", "conformance/cli/nowhere.ts", "no-unresolvable"],
  ["reference/kvm/egg.ts", "reference/kvm/hen.ts", "no-circular"],
] as const;

const PLANTED = new Map<string, string[]>();
for (const [from, to] of [...ALLOWED, ...REFUSED]) {
  PLANTED.set(from, [...(PLANTED.get(from) ?? []), to]);
  if (to.includes("/") && !to.includes("nowhere")) PLANTED.set(to, PLANTED.get(to) ?? []);
}

let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "kvm-conform-imports-"));
  for (const name of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"]) copyFileSync(join(ROOT, name), join(tree, name));
  plant("node_modules/yaml/index.js", []);
  for (const [name, imports] of PLANTED) plant(name, imports);
});

afterAll(() => {
  rmSync(tree, { recursive: true, force: true });
});

function plant(name: string, imports: readonly string[]): void {
  const up = "../".repeat(name.split("/").length - 1);
  const lines = imports.map(
    (to, i) => `import * as it${i} from "${to.includes("/") ? up + to.replace(/\.[tj]s$/, "") : to}"; void it${i};\n`,
  );
  mkdirSync(dirname(join(tree, name)), { recursive: true });
  writeFileSync(join(tree, name), `${lines.join("")}export {};\n`);
}

/** What `npm run imports` would say of the planted tree: one line per violation. */
function violations(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: { imports: string } };
  const { stdout, stderr } = spawnSync("sh", ["-c", `${join(ROOT, "node_modules/.bin", scripts.imports)} --output-type json`], {
    cwd: tree,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  expect(stderr).toBe("");
  const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; to: string; rule: { name: string } }[] } };
  return summary.violations.map(({ from, to, rule }) => `${from} -> ${to}: ${rule.name}`);
}

test("every import that the table refuses is refused by its rule, and no other is", () => {
  const found = violations();
  const edges = [...new Set(found.map((line) => line.replace(/: .*/, "")))].sort();
  const shown = (to: string) =>
    to.includes("nowhere") ? "../../conformance/cli/nowhere" : to.replace("yaml", "node_modules/yaml/index.js").replace("node:", "");
  expect(edges).toEqual(REFUSED.map(([from, to]) => `${from} -> ${shown(to)}`).sort());
  for (const [from, to, rule] of REFUSED) expect(found).toContain(`${from} -> ${shown(to)}: ${rule}`);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { HEADER, verdict } from "../../tools/verdicts";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { entryLine, footerOf } from "../report/events";
import { explain } from "./explain";

const { spec } = loadSpec(packageRoot());
const RULE = "apicv.inhibit.kick-first";

test("a rule is explained with what real kernels said of it, and what the ledger knows", () => {
  const root = mkdtempSync(join(tmpdir(), "kvm-conform-explain-"));
  for (const folder of ["spec", "coverage/report/kvm-qemu"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "spec/rule.yaml"), "");
  const hello = { ...HEADER.hello, kind: "kvm", version: "6.12.94", kernel: "v6.12" } as const;
  const verdicts = [verdict(), verdict({ verdict: "untestable", reason: "does not have the call guest.nop", how: undefined })];
  const lines = [{ ...HEADER, adapter: "kvm:qemu", hello }, ...verdicts, footerOf(verdicts, 1, false)].map(entryLine);
  writeFileSync(join(root, "coverage/report/kvm-qemu/results.ndjson"), lines.join(""));
  const entry = {
    rule: RULE,
    kernel: "v6.1",
    on: ["svm"],
    observed: "it did not",
    shown_by: "a trace",
    judgement: "kernel-bug",
    about: "A bug.",
  } as const;
  const known = { ...spec, disagreements: [{ ...entry, on: [...entry.on], place: "spec/disagreements.yaml:4" }] };
  const told = explain(known, RULE, root).map(stripVTControlCharacters);
  rmSync(root, { recursive: true });
  expect(told).toContain("  real      kvm:qemu (6.12.94): held; seen in 1 of 2 cases");
  expect(told).toContain("  differs   v6.1, svm: it did not (kernel-bug; spec/disagreements.yaml:4)");
  expect(told.at(-1)?.trim()).toBe("A bug.");
});

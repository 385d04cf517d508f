/** JUnit XML: one test case for each case, one suite for each area, for the CI systems that read nothing else. */
import builder from "junit-report-builder";
import { stripVTControlCharacters } from "node:util";
import type { Spec } from "../case/spec";
import type { Log } from "./events";
import { remark } from "./effort";
import { failureReport } from "./failure";

/** Without the colours of a terminal: ours, or those that an implementation puts into what it says. */
const plain = stripVTControlCharacters;

/** The XML of one log. */
export function junit({ header, verdicts, footer }: Log, spec: Spec): string {
  const report = builder.newBuilder();
  const suites = new Map<string, ReturnType<typeof report.testSuite>>();
  for (const verdict of verdicts) {
    const area = verdict.case.slice(0, verdict.case.indexOf("/"));
    const suite = suites.get(area) ?? report.testSuite().name(area);
    suites.set(area, suite);
    const test = suite.testCase().className(`kvm-conform.${area}`).name(verdict.case).time(verdict.seconds);
    if (verdict.failure !== undefined && verdict.expected) {
      test.skipped();
      test.standardOutput(plain(["as expected", ...failureReport(verdict, verdict.failure, spec, header.adapter)].join("\n")));
    } else if (verdict.failure !== undefined) {
      const [{ kind, what }] = verdict.failure.violations;
      test.failure(plain(`${kind}: ${what}`), kind);
      test.standardError(plain(failureReport(verdict, verdict.failure, spec, header.adapter).join("\n")));
    } else if (verdict.verdict === "crashed" || verdict.verdict === "unfinished")
      test.error(plain(remark(verdict) || verdict.verdict), verdict.verdict);
    else if (verdict.verdict === "holds") test.standardOutput(plain(remark(verdict)));
    else {
      // The reason goes to system-out: readers of JUnit drop the text of a skip.
      test.skipped();
      test.standardOutput(`${verdict.verdict}: ${verdict.reason ?? ""}`);
    }
  }
  for (const each of footer?.stale ?? []) report.testSuite().name("kvm-conform").testCase().name("expectations hold").failure(each);
  if (footer === undefined) report.testSuite().name("kvm-conform").testCase().name("the log is whole").error("the run was cut short");
  return report.build();
}

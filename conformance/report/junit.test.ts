import { spawnSync } from "node:child_process";
import { needs } from "../../tools/needs";
import { broken, failure, HEADER, verdict, VIOLATION } from "../../tools/verdicts";
import { loadSpec } from "../case/load";
import { packageRoot } from "../case/root";
import { footerOf } from "./events";
import { junit } from "./junit";

const { spec } = loadSpec(packageRoot());
const NASTY = 'a <tag> & "quotes" ]]> \u001b[31mred\u001b[39m \u0000 end';
const VERDICTS = [
  verdict({ case: "apicv/holds" }),
  broken({ case: "apicv/is-broken", failure: failure({ violations: [{ ...VIOLATION, what: NASTY }] }) }),
  verdict({ case: "synic/is-untestable", verdict: "untestable", reason: "no call guest.wrmsr" }),
  verdict({ case: "synic/is-unclaimed", verdict: "unclaimed", reason: "hyperv.synic is not claimed" }),
  verdict({ case: "synic/has-crashed", verdict: "crashed", reason: "it was ended by SIGKILL" }),
  verdict({ case: "synic/is-unfinished", verdict: "unfinished", reason: "after 3 runs there were more" }),
];
const XML = junit({ header: HEADER, verdicts: VERDICTS, footer: footerOf(VERDICTS, 1, false) }, spec);

/** What python's reader of XML finds: for each test case its name, suite, and the texts of what is in it. */
const READER = `
import json, sys, xml.etree.ElementTree as tree
print(json.dumps([{"suite": suite.get("name"), "name": case.get("name"), "time": case.get("time"),
  "has": {part.tag: (part.get("message") or "") + (part.text or "") for part in case}}
  for suite in tree.fromstring(sys.stdin.buffer.read()).iter("testsuite") for case in suite.iter("testcase")]))`;

interface TestCase {
  readonly suite: string;
  readonly name: string;
  readonly time: string;
  readonly has: Readonly<Record<string, string>>;
}

function read(xml: string): TestCase[] {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", READER], { input: xml, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as TestCase[];
}

const called = (name: string): TestCase | undefined => read(XML).find((each) => each.name === name);

needs("python3")("the report is well-formed whatever an implementation says, one suite for each area", () => {
  const cases = read(XML);
  expect(cases.map(({ name }) => name)).toEqual(VERDICTS.map((each) => each.case));
  expect(cases.map(({ suite }) => suite)).toEqual(VERDICTS.map((each) => each.case.split("/")[0]));
  expect(cases[0]).toMatchObject({ has: { "system-out": "every schedule, 3 runs and 1 cut short" }, time: "0.25" });
});

needs("python3")("a failure carries its whole report, without the colours of a terminal", () => {
  const { has = {} } = called("apicv/is-broken") ?? {};
  expect(has["failure"]).toContain('a <tag> & "quotes" ]]>');
  expect(has["system-err"]).toContain("again:  npx kvm-conform replay");
  expect(`${has["failure"] ?? ""}${has["system-err"] ?? ""}`).not.toContain("[31m");
});

needs("python3")("a skip carries its reason", () => {
  expect(called("synic/is-untestable")?.has).toMatchObject({ skipped: "", "system-out": "untestable: no call guest.wrmsr" });
  expect(called("synic/is-unclaimed")?.has).toMatchObject({ skipped: "", "system-out": "unclaimed: hyperv.synic is not claimed" });
});

needs("python3")("a crash and a limit are errors, not failures of a rule", () => {
  expect(called("synic/has-crashed")?.has["error"]).toContain("it was ended by SIGKILL");
  expect(called("synic/is-unfinished")?.has["error"]).toContain("after 3 runs there were more");
});

needs("python3")("a log that was cut short is an error of its own", () => {
  const names = read(junit({ header: HEADER, verdicts: VERDICTS, footer: undefined }, spec)).map(({ name }) => name);
  expect(names.at(-1)).toBe("the log is whole");
});

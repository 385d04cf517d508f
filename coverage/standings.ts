/** How a rule stands on an implementation, as one event log tells. */
import type { Judged, Log } from "../conformance/report/events";
import type { Case } from "../spec/generated/types";

/** What became of a rule: the gravest that one of its cases came to, and if none did, why nobody knows. */
export type Standing = "broken" | "crashed" | "differs" | "older" | "held" | "unseen" | "unclaimed" | "not asked";

/** The standing of a rule, by its cases in a log. */
export function standingOf(rule: string, { verdicts }: Log): Standing {
  const judged = verdicts.filter(({ rules }) => rules.some((each) => each === rule));
  const broken = judged.filter(({ failure }) => failure?.violations.some((violation) => violation.rule === rule) === true);
  if (broken.some(({ expected }) => !expected)) return "broken";
  if (judged.some(({ verdict }) => verdict === "crashed" || verdict === "unfinished")) return "crashed";
  const [first] = broken;
  if (first !== undefined) return first.differs?.some((entry) => entry.rule === rule) === true ? "differs" : "older";
  if (judged.some((verdict) => verdict.verdict === "holds" && (verdict.seen.rules[rule]?.claims ?? 0) > 0)) return "held";
  if (judged.length === 0) return "not asked";
  return judged.every(({ verdict }) => verdict === "unclaimed") ? "unclaimed" : "unseen";
}

/** What a rule came to where it could be judged. */
const CAME_TO = ["broken", "crashed", "differs", "older", "held"] as const;

/** What real kernels said of a rule. */
export interface OnRealKernels {
  /** The versions, as `6.12`, on which it came to this. */
  readonly versions: Readonly<Partial<Record<Standing, readonly string[]>>>;
  /** Why no kernel could be asked, if none could. */
  readonly otherwise: string | undefined;
}

/** What the logs of real kernels tell of a rule. */
export function onRealKernels(rule: string, cases: readonly Case[], logs: readonly Log[]): OnRealKernels {
  const told = logs.map((log) => ({ log, standing: standingOf(rule, log) })).filter(({ standing }) => standing !== "not asked");
  const said = CAME_TO.flatMap((standing) => {
    const versions = told.filter((each) => each.standing === standing).map(({ log }) => (log.header.hello.kernel ?? "v?").slice(1));
    return versions.length === 0 ? [] : [[standing, [...new Set(versions)].sort(byNumber)] as const];
  });
  const notAsked =
    told.length === 0
      ? "not run here"
      : `not in reach (${whyNot(
          rule,
          cases,
          told.map(({ log }) => log),
        )})`;
  return { versions: Object.fromEntries(said), otherwise: said.length > 0 ? undefined : notAsked };
}

/** Whether some real kernel kept the rule, and none broke it unexpectedly. */
export function isHeld({ versions }: OnRealKernels): boolean {
  return versions.held !== undefined && versions.broken === undefined && versions.crashed === undefined;
}

/**
 * In a few words: `held 6.12, 6.18`, `differs 6.12` (as the ledger says), `older 6.1` (broken, as the
 * rule says of that version), `not in reach (VMX)`, `not run here`.
 */
export function inWords({ versions, otherwise }: OnRealKernels): string {
  return (
    otherwise ??
    Object.entries(versions)
      .map(([standing, all]) => `${standing} ${all.join(", ")}`)
      .join("; ")
  );
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** In a word or two, why no kernel could be asked; the first log that gives a reason speaks for all. */
function whyNot(rule: string, cases: readonly Case[], logs: readonly Log[]): string {
  const backends = new Set(cases.map(({ given }) => given.backend));
  if (backends.size === 1 && backends.has("vmx")) return "VMX";
  const verdicts = logs.flatMap((log) => log.verdicts.filter(({ rules }) => rules.some((each) => each === rule)));
  const [reason = ""] = verdicts.flatMap(reasonsOf);
  const short = reason
    .replace(/^does not claim ([\w.]+).*/, "$1")
    .replace(/^does not have the call ([\w.]+).*/, "no call $1")
    .replace(/^does not (?:show|tell of) ([\w.*]+).*/, "no $1");
  return short.length > 32 ? `${short.slice(0, 31)}…` : short;
}

function reasonsOf({ reason, seen }: Judged): readonly string[] {
  return reason === undefined ? seen.unseen : [reason];
}

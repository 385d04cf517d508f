/** Checks what makes a race of a case: its threads, its events, its outcomes, and what must be reachable. */
import type { Outcome } from "../../spec/generated/types";
import { answersOf } from "./calls";
import { callsOfThread, eventsOf } from "./claims";
import { declaredAs, nearest } from "./names";
import { say } from "./schema";
import type { Path } from "./source";
import { type Checked, checkWant, unknown, type Wanted } from "./wants";

/** Reports all that is wrong with threads, events, outcomes and `always`. */
export function checkThreads(checked: Checked): void {
  checkInterrupts(checked);
  checkReachable(checked);
  checkEvents(checked);
  checkOutcomes(checked);
}

function checkInterrupts({ source, body }: Checked): void {
  const threads = new Map(Object.entries(body.threads ?? {}));
  for (const [name, thread] of threads) {
    if (Array.isArray(thread)) continue;
    const path = ["threads", name, "interrupts"];
    const owner = threads.get(thread.interrupts);
    if (owner === undefined) {
      const near = nearest(thread.interrupts, threads.keys());
      source.report("CASE-041", path, {
        message: `there is no thread ${say(thread.interrupts)}`,
        hint: near === undefined ? undefined : `did you mean ${say(near)}?`,
      });
    } else if (owner === thread) source.report("CASE-042", path, { message: `${name} cannot interrupt itself` });
    else if (!Array.isArray(owner)) source.report("CASE-043", path, { message: `${thread.interrupts} interrupts another thread itself` });
  }
}

/** An `always` that no run comes near holds for nothing: each `if` is to be reached, or a state of `sometimes`. */
function checkReachable({ source, body }: Checked): void {
  if (body.sometimes !== undefined) return;
  for (const [i, claim] of (body.always ?? []).entries())
    if (claim.if === undefined)
      source.report("CASE-040", ["always", i], {
        message: "nothing says that a run comes near breaking this",
        hint: "give it an `if`, or say in `sometimes:` which states a run reaches",
      });
}

const NUMBER: Wanted = {
  refuses: (value) =>
    typeof value === "number" && value >= 0 ? undefined : { code: "CASE-032", message: `${say(value)} is not a number of events` },
  stepping: false,
  otherRead: () => undefined,
};

function checkEvents(checked: Checked): void {
  const { source, spec, body } = checked;
  for (const [i, claim] of (body.events ?? []).entries()) {
    for (const [event, path] of eventsOf(claim))
      if (declaredAs(spec.events.keys(), event) === undefined)
        source.report("CASE-014", ["events", i, ...path], {
          ...unknown("event", event, spec.events.keys(), "spec/events.yaml"),
          atKey: path[0] === "count",
        });
    for (const [event, want] of Object.entries(claim.count ?? {})) checkWant(checked, ["events", i, "count", event], want, NUMBER);
  }
}

function checkOutcomes(checked: Checked): void {
  const { source, body } = checked;
  for (const key of ["outcomes", "permitted"] as const) {
    if (body[key] === undefined) continue;
    if (body.threads === undefined)
      source.report("CASE-052", [key], { message: "only a race has outcomes", hint: "give the case `threads:`", atKey: true });
    else if (body.outcomes === undefined)
      source.report("CASE-052", [key], {
        message: "`permitted` adds to `outcomes`, which is not here",
        hint: "list the outcomes",
        atKey: true,
      });
    else for (const [i, outcome] of body[key].entries()) checkOutcome(checked, [key, i, "returns"], outcome, key === "permitted");
  }
}

function checkOutcome(checked: Checked, path: Path, { returns }: Outcome, anyAnswer: boolean): void {
  const { source, spec, body } = checked;
  const threads = new Map(Object.entries(body.threads ?? {}));
  for (const [name, answers] of Object.entries(returns)) {
    const thread = threads.get(name);
    const at = [...path, name];
    if (thread === undefined) {
      const hint = `the threads of this case: ${[...threads.keys()].join(", ")}`;
      source.report("CASE-050", at, { message: `there is no thread ${say(name)}`, hint, atKey: true });
      continue;
    }
    const calls = callsOfThread(thread);
    if (calls.length !== answers.length)
      source.report("CASE-051", at, { message: `returns here: ${String(answers.length)}, calls of ${name}: ${String(calls.length)}` });
    else
      for (const [i, call] of calls.entries()) {
        const declared = anyAnswer ? undefined : spec.calls.get(call.do)?.returns;
        const known = declared && call.stays !== undefined ? [...declared, call.stays] : declared;
        checkWant(checked, [...at, i], answers[i] ?? "", answersOf(checked, call.do, known));
      }
  }
}

/** How hard a case was tried, or why it was not, in words: the same ones in every report. */
import type { How, Verdict } from "../verdict/verdict";
import { raceInWords } from "./race";

/** A number of things, as people write it. */
export function count(n: number, what: string, many = `${what}s`): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? what : many}`;
}

/** What was done: every schedule, at most so many preemptions, so many random runs. */
export function effort({ covered, control, runs, redundant, preemptions = 0, changes, seed = 0, states }: How): string {
  const between = control === "step" ? "" : " between calls";
  const cut = redundant > 0 ? ` and ${redundant.toLocaleString("en-US")} cut short` : "";
  const all = `${states === undefined ? "" : `${count(states, "state")}, `}${count(runs, "run")}${cut}`;
  switch (covered) {
    case "one run":
    case "a race":
      return covered;
    case "few preemptions":
      return `${preemptions === 0 ? "no preemption" : `at most ${count(preemptions, "preemption")}`}${between}, ${all}`;
    case "random runs": {
      const random = control === "step" ? count(runs, "random run") : count(runs, "random order of calls", "random orders of calls");
      return `${random} (seed ${seed}${changes === undefined ? "" : `, ${count(changes, "change")} of priority each`})`;
    }
    default:
      return `${covered}, ${all}`;
  }
}

/** What there is to say of a verdict that is not broken: how hard it was tried, what was not seen, or why it was not judged. */
export function remark({ verdict, how, reason, seen }: Verdict): string {
  if (how === undefined) return reason ?? "";
  if (verdict !== "holds") return `${reason ?? ""}${verdict === "unfinished" && how.covered !== "one run" ? `; ${effort(how)}` : ""}`;
  const race = how.race === undefined ? "" : `; ${raceInWords(how.race)}`;
  const alone = how.notRaced === undefined ? "" : `; not raced: ${how.notRaced}`;
  const unseen = seen.unseen.length === 0 ? "" : `, ${seen.unseen.join(", ")}`;
  const part = seen.claims === seen.of ? unseen : `, ${seen.claims} of ${seen.of} claims seen`;
  const retries = how.retries ? ", at most 1 fruitless retry" : "";
  return `${effort(how)}${race}${alone}${part}${retries}${how.digest === undefined ? "" : `, digest ${how.digest}`}`;
}

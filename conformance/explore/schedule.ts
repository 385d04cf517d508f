/**
 * Schedules as text: one letter for each step, 0-9 then a-z, the number of the thread that takes it
 * (threads count in the order of the case, then those that were started). A capital after it is the
 * pick, if not 0: A is 1, B is 2.
 */

/** One step of a schedule. */
export interface Choice {
  readonly thread: number;
  readonly pick: number;
}

const THREADS = "0123456789abcdefghijklmnopqrstuvwxyz";
const PICKS = "-ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A schedule as text. Throws if a number has no letter. */
export function writeSchedule(choices: Iterable<Choice>): string {
  let text = "";
  for (const { thread, pick } of choices) {
    const letter = THREADS[thread];
    const capital = pick === 0 ? "" : PICKS[pick];
    if (letter === undefined || capital === undefined)
      throw new Error(`thread ${thread}, pick ${pick} cannot be written: at most 36 threads and 27 picks`);
    text += letter + capital;
  }
  return text;
}

/** A schedule from its text. Throws with the place of the first letter that is none. */
export function readSchedule(text: string): Choice[] {
  const choices: Choice[] = [];
  for (let i = 0; i < text.length; i++) {
    const thread = THREADS.indexOf(text.charAt(i));
    if (thread < 0)
      throw new Error(`a schedule is threads 0-9, a-z, each with a capital for its pick; character ${i + 1} is "${text.charAt(i)}"`);
    const pick = i + 1 < text.length ? PICKS.indexOf(text.charAt(i + 1), 1) : -1;
    choices.push({ thread, pick: Math.max(pick, 0) });
    if (pick > 0) i++;
  }
  return choices;
}

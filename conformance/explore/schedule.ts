/**
 * Schedules as text: one letter for each step, 0-9 then a-z, the number of the thread that takes it
 * (threads count in the order of the case, then those that were started). A capital after it is the
 * pick, if not 0: A is 1, B is 2. After a dot may follow a mark of two letters for each step, of what the
 * thread had announced: by that a later version is seen to announce something else.
 */
import type { Footprint } from "./footprint";

/** One step of a schedule. */
export interface Choice {
  readonly thread: number;
  readonly pick: number;
  /** The mark of what was announced, if the schedule has marks. */
  readonly mark?: string;
}

const THREADS = "0123456789abcdefghijklmnopqrstuvwxyz";
const PICKS = "-ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/** A schedule as text, without marks. Throws if a number has no letter. */
export function writeSchedule(choices: Iterable<Pick<Choice, "thread" | "pick">>): string {
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
  const dot = text.indexOf(".");
  const end = dot < 0 ? text.length : dot;
  for (let i = 0; i < end; i++) {
    const thread = THREADS.indexOf(text.charAt(i));
    if (thread < 0)
      throw new Error(`a schedule is threads 0-9, a-z, each with a capital for its pick; character ${i + 1} is "${text.charAt(i)}"`);
    const pick = i + 1 < end ? PICKS.indexOf(text.charAt(i + 1), 1) : -1;
    choices.push({ thread, pick: Math.max(pick, 0) });
    if (pick > 0) i++;
  }
  return dot < 0 ? choices : marked(choices, text.slice(dot + 1));
}

function marked(choices: readonly Choice[], text: string): Choice[] {
  const marks = text.match(/[\w-]{2}/g) ?? [];
  if (marks.join("") !== text || marks.length !== choices.length)
    throw new Error(
      `after the dot of a schedule stand two of 0-9, A-Z, a-z, - and _ for each of its ${choices.length} steps, not "${text}"`,
    );
  return choices.map((choice, i) => ({ ...choice, mark: marks[i] ?? "" }));
}

/** The mark of an announced step: one of 4096, by its kind and what it touches (FNV-1a, folded). */
export function markOf({ kind, objects }: Pick<Footprint, "kind" | "objects">): string {
  let hash = 0x811c9dc5;
  for (const char of `${kind} ${objects.join(" ")}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  const folded = hash ^ (hash >>> 12) ^ (hash >>> 24);
  return LETTERS.charAt((folded >>> 6) & 63) + LETTERS.charAt(folded & 63);
}

/** A race for a reader: what the worlds came to, and how often. */
import pc from "picocolors";
import type { How } from "../verdict/verdict";

type Race = NonNullable<How["race"]>;

/** More distinct outcomes than this help nobody. */
const MOST = 12;

/** How a race was made. */
export function raceInWords({ worlds, seed, unjudged, without }: Race): string {
  const blind = [...(unjudged === 0 ? [] : [`${unjudged} claim${unjudged === 1 ? "" : "s"}`]), ...without];
  const unseen = blind.length === 0 ? "" : `, ${blind.join(", ")} not seen there`;
  return `${worlds.toLocaleString("en-US")} world${worlds === 1 ? "" : "s"} raced (seed ${seed})${unseen}`;
}

/** A line for each outcome, the most frequent first, then the listed ones that were never seen. */
export function histogram({ worlds, outcomes, never }: Race): string[] {
  const width = worlds.toLocaleString("en-US").length;
  const line = (times: number, text: string): string => `${times.toLocaleString("en-US").padStart(width)} x  ${text}`;
  const mark = { listed: "", permitted: pc.dim(" (permitted)"), unlisted: pc.red(" (not listed)") };
  const rest = outcomes.slice(MOST).reduce((sum, { times }) => sum + times, 0);
  return [
    ...outcomes.slice(0, MOST).map(({ times, text, is }) => line(times, text) + mark[is]),
    ...(rest === 0 ? [] : [line(rest, `${outcomes.length - MOST} others`)]),
    ...never.map((text) => line(0, text + pc.yellow(" (listed, never seen)"))),
  ];
}

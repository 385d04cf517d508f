import { holdOver, type Exchange } from "../adapter/door";
import type { Remote } from "../adapter/remote";
import type { Verdict } from "./verdict";

/** Who is asked: somebody who can die and be started again. */
export type Asked = Pick<Remote, "ask" | "isRunning" | "hasGivenUp">;

/**
 * Judges somebody who answers later, and blames. A process that dies while a case runs may have been brought down
 * by an earlier one, so the case is judged once more, alone in a fresh process: if it dies again,
 * the case is to blame; if not, the verdict says what the case comes to alone.
 */
export async function judgeOver(remote: Asked, judging: () => Exchange<Verdict>): Promise<Verdict> {
  const tired = remote.hasGivenUp();
  const first = await holdOver(judging(), remote.ask);
  if (first.verdict !== "crashed") return first;
  if (tired) return { ...first, verdict: "unfinished" };
  if (remote.isRunning() || remote.hasGivenUp()) return first;
  const alone = await holdOver(judging(), remote.ask);
  if (alone.verdict === "crashed") return alone;
  const reason = `${first.reason ?? "it died"}; alone in a fresh process the case is ${alone.verdict}, so it is not this case alone that brings it down`;
  return { ...alone, verdict: "crashed", reason };
}

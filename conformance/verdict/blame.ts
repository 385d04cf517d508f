import { holdOver, type Exchange } from "../adapter/door";
import type { Child } from "../adapter/stdio";
import type { Verdict } from "./verdict";

/** Who is asked: a process that can die and be started again. */
export type Asked = Pick<Child, "ask" | "isRunning" | "hasGivenUp">;

/**
 * Judges over a pipe, and blames. A process that dies while a case runs may have been brought down
 * by an earlier one, so the case is judged once more, alone in a fresh process: if it dies again,
 * the case is to blame; if not, the verdict says what the case comes to alone.
 */
export async function judgeOver(child: Asked, judging: () => Exchange<Verdict>): Promise<Verdict> {
  const tired = child.hasGivenUp();
  const first = await holdOver(judging(), child.ask);
  if (first.verdict !== "crashed") return first;
  if (tired) return { ...first, verdict: "unfinished" };
  if (child.isRunning() || child.hasGivenUp()) return first;
  const alone = await holdOver(judging(), child.ask);
  if (alone.verdict === "crashed") return alone;
  const reason = `${first.reason ?? "it died"}; alone in a fresh process the case is ${alone.verdict}, so it is not this case alone that brings it down`;
  return { ...alone, verdict: "crashed", reason };
}

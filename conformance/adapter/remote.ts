/** An implementation that answers later: a process, or a kernel that is reached through one. */
import type { HelloReply, Reply, Request } from "../../spec/generated/types";

/** Somebody who is asked with `await`, may die over it, and is started again by the next `open`. */
export interface Remote {
  /** Starts it, and says hello. Throws Crashed or Overdue. */
  hello(): Promise<HelloReply>;
  /** Asks, and waits for the answer. Throws Crashed if it dies or talks rubbish, Overdue if it says nothing in time. */
  readonly ask: (request: Request) => Promise<Reply>;
  isRunning(): boolean;
  /** It died so often that it is not started again. */
  hasGivenUp(): boolean;
  /** How often it died, or had to be ended because it did not answer or talked rubbish. */
  died(): number;
  /** Says that no more requests come, and waits for the end. */
  end(): Promise<void>;
}

/** Connects to a kernel: starts an agent on it, and finds out what it has. */
import { Crashed } from "../adapter/door";
import { inTime, type Agent } from "./agent/agent";
import { vocabularyOf, type Vocabulary } from "./world/chapters";
import { Inside } from "./inside";
import { probe, type Probed } from "./probe";

/** How an agent is started, and how much is borne with. */
export interface Source {
  readonly name: string;
  readonly start: () => Promise<Agent>;
  /** The machine is ours alone: we may mount what we like, and look into its kernel. */
  readonly ours: boolean;
  /** The program of guest.S. */
  readonly guestProgram: () => Uint8Array;
  /** For one answer, in milliseconds. */
  readonly deadline: number;
  /** For making ready: until all is known that the kernel has, and until it is ready to be traced; in milliseconds. */
  readonly patience: number;
  /** How often an agent is started again after one that died. */
  readonly restarts: number;
}

/** A kernel that is connected. */
export interface Connected {
  readonly agent: Agent;
  readonly probed: Probed;
  readonly vocabulary: Vocabulary;
  /** Its inside, if we may look there. */
  readonly inside: Inside | undefined;
}

/** Throws Crashed if there is no agent to be had, or its kernel is none to be asked. */
export async function connect(source: Source): Promise<Connected> {
  const agent = await source.start();
  try {
    return await inTime(agent, source.patience, "said what its kernel has", lookAt(agent, source));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    agent.kill(what);
    throw new Crashed(what);
  }
}

async function lookAt(agent: Agent, { guestProgram, ours }: Source): Promise<Connected> {
  const probed = await probe(agent, guestProgram(), ours);
  const inside = ours ? await Inside.of(agent, probed) : undefined;
  return { agent, probed, vocabulary: vocabularyOf(probed), inside };
}

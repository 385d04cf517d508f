/** A race: calls are queued, and then made by threads released together, in one fresh world after another. */
import type { Raced, Value } from "../../spec/generated/types";
import type { Agent, RaceResult } from "./agent/agent";
import { takeReads, type Args, type AskedRead, type MakeCall } from "./world/calls";
import { Script, type From } from "./world/script";
import type { World } from "./world/world";

/** The thread of the calls before the race. */
const SET_UP = "setup";
/** What KVM_RUN returns to who is kicked out of it, and what that is called here. */
const KICKED_OUT = "EINTR";
const BLOCKED = "blocked";

interface Lane {
  readonly script: Script;
  readonly answers: From<Value>[];
}

export class QueuedRace {
  private readonly lanes = new Map<string, Lane>();
  private readonly setUp: Lane;

  constructor(
    private readonly world: World,
    private readonly repeat: number,
    private readonly seed: number,
  ) {
    this.setUp = { script: world.opening, answers: [] };
  }

  queue(thread: string, make: MakeCall, args: Args): void {
    const lane = thread === SET_UP ? this.setUp : (this.lanes.get(thread) ?? { script: new Script(), answers: [] });
    if (thread !== SET_UP) this.lanes.set(thread, lane);
    lane.answers.push(make(lane.script, this.world, args));
  }

  /** Runs it; what the worlds came to, the same ones counted. */
  async go(agent: Agent, reads: readonly AskedRead[]): Promise<Raced[]> {
    const settle = new Script();
    const shown = takeReads(settle, this.world, reads);
    const worlds = await agent.race({
      setUp: this.setUp.script.program,
      threads: [...this.lanes.values()].map(({ script }) => script.program),
      settle: settle.program,
      tearDown: this.world.closing().script.program,
      repeat: this.repeat,
      seed: this.seed,
    });
    const counted = new Map<string, Raced>();
    for (const world of worlds) {
      const came = { returns: this.returnsIn(world), reads: shown(world.settle) };
      const key = JSON.stringify(came);
      const known = counted.get(key);
      if (known === undefined) counted.set(key, { times: 1, ...came });
      else known.times++;
    }
    return [...counted.values()];
  }

  private returnsIn({ setUp, threads, kicked }: RaceResult): Raced["returns"] {
    this.world.opened(setUp);
    const returns: Raced["returns"] = { [SET_UP]: this.setUp.answers.map((answer) => answer(setUp)) };
    [...this.lanes].forEach(([name, { answers }], i) => {
      const all = answers.map((answer) => answer(threads[i] ?? []));
      const stuck = kicked.includes(i) ? all.indexOf(KICKED_OUT) : -1;
      returns[name] = stuck < 0 ? all : [...all.slice(0, stuck), BLOCKED];
    });
    return returns;
  }
}

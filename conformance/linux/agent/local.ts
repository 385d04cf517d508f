/** The agent on this machine. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Crashed } from "../../adapter/door";
import type { Agent } from "./agent";
import { thisMachine, type Machine } from "../host/machine";
import { startAgent } from "./process";

const PATIENCE = 10_000;

/** The file of the agent. Throws Crashed, with what to do about it, if the build could not make it. */
export function agentFile(machine = thisMachine()): string {
  return built("agent.elf", machine);
}

/** The guest program, as a flat binary. Throws Crashed if the build could not make it. */
export function guestProgram(machine = thisMachine()): Uint8Array {
  return readFileSync(built("guest.bin", machine));
}

function built(name: string, { built: folder }: Machine): string {
  const file = join(folder, name);
  if (existsSync(file)) return file;
  const why = join(folder, "missing");
  throw new Crashed(existsSync(why) ? readFileSync(why, "utf8") : `${file} is not there: \`npm run build\` makes it`);
}

/** Starts an agent here. Throws Crashed if it cannot be. */
export function startLocal(machine = thisMachine()): Promise<Agent> {
  return startAgent({ command: [agentFile(machine)], patience: PATIENCE });
}

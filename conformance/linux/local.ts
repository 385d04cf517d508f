/** The agent on this machine. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Crashed } from "../adapter/door";
import { packageRoot } from "../case/root";
import type { Agent } from "./agent";
import { startAgent } from "./process";

const PATIENCE = 10_000;

/** What the build makes of agent.c and guest.S, or a file beside them that says why it could not. */
const BUILT = join(packageRoot(), "dist/conformance/linux");

/** The file of the agent. Throws Crashed, with what to do about it, if the build could not make it. */
export function agentFile(folder = BUILT): string {
  return built("agent.elf", folder);
}

/** The guest program, as a flat binary. Throws Crashed if the build could not make it. */
export function guestProgram(folder = BUILT): Uint8Array {
  return readFileSync(built("guest.bin", folder));
}

function built(name: string, folder: string): string {
  const file = join(folder, name);
  if (existsSync(file)) return file;
  const why = join(folder, "missing");
  throw new Crashed(existsSync(why) ? readFileSync(why, "utf8") : `${file} is not there: \`npm run build\` makes it`);
}

/** Starts an agent here. Throws Crashed if it cannot be. */
export function startLocal(): Promise<Agent> {
  return startAgent({ command: [agentFile()], patience: PATIENCE });
}

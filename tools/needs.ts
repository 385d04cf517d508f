/** Tests that need a tool which a machine may lack. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * `test` where all these tools are there, else `test.skip` with the reason in the test's name,
 * where `.ci/run` finds it. A tool is a command on PATH (`python3`), a device (`/dev/kvm`) or
 * the platform (`linux-x64`).
 */
export function needs(...tools: string[]): (name: string, run: jest.ProvidesCallback, timeout?: number) => void {
  const missing = tools.filter((tool) => !isThere(tool));
  if (missing.length === 0) return test;
  return (name, run, timeout) => test.skip(`${name} [skipped: ${missing.join(" and ")} not found]`, run, timeout);
}

function isThere(tool: string): boolean {
  if (tool === `${process.platform}-${process.arch}`) return true;
  if (tool.startsWith("/")) return isAccessible(tool, constants.R_OK | constants.W_OK);
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => isAccessible(join(folder, tool), constants.X_OK));
}

function isAccessible(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

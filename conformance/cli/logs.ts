/** The event logs of whole runs, in coverage/report/: the reference's there, each real kernel's in a folder of its own. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readLog, type Log } from "../report/events";

/** The name of the log in its folder. */
export const LOG = "results.ndjson";

/** The folder of an adapter's log, below a folder for several. */
export function folderOf(adapter: string): string {
  return adapter.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^-+|-+$/g, "");
}

/** The logs that real kernels left; one that was cut short, or is older than the spec, is told of and left out. */
export function kernelLogs(root: string, say: (line: string) => void): Log[] {
  const report = join(root, "coverage", "report");
  const folders = existsSync(report) ? readdirSync(report).sort() : [];
  const spec = newest(join(root, "spec"));
  return folders.flatMap((folder): Log[] => {
    const file = join(report, folder, LOG);
    if (!existsSync(file)) return [];
    const log = readLog(readFileSync(file, "utf8"), file);
    if (log.header.hello.kind !== "kvm") return [];
    const old = statSync(file).mtimeMs < spec;
    if (!old && log.footer?.interrupted === false) return [log];
    say(
      `the log of ${log.header.adapter} is ${old ? "older than the spec" : "cut short"}: npx kvm-conform run --adapter ${log.header.adapter}`,
    );
    return [];
  });
}

/** When the newest file below a folder was written. */
export function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(...files.map((file) => statSync(join(folder, file)).mtimeMs));
}

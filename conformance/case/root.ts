/** Where this package is: the same from dist/, from the sources, and installed in another project. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder that holds the package.json of kvm-conform, found by walking up from `from`. */
export function packageRoot(from: string = __dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "kvm-conform") return folder;
    if (dirname(folder) === folder) throw new Error(`${from} is not inside the package kvm-conform`);
  }
}

/** The version of this package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string }).version;
}

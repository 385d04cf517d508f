/** Kernel versions as they are written: `v6.12`. */

/** Negative if version a (`v5.13`) is older than b, 0 if they are the same. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.replace(/^v/, "").split(".").map(Number));
  return (left?.[0] ?? 0) - (right?.[0] ?? 0) || (left?.[1] ?? 0) - (right?.[1] ?? 0);
}

/** Whether a version is in a range: `v6.12`, `>=v6.12`, `<v6.11`, `>=v6.1 <v6.12`. */
export function isWithin(range: string, version: string): boolean {
  return range.split(" ").every((bound) => {
    const order = compareVersions(version, bound.replace(/^(<|>=)/, ""));
    if (bound.startsWith("<")) return order < 0;
    return bound.startsWith(">=") ? order >= 0 : order === 0;
  });
}

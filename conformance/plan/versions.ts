/** Kernel versions, and which rules are asked of which. */
import type { Rule } from "../../spec/generated/types";

/** Whether a rule is asked of a kernel, and whether that kernel is expected to break it. */
export type Asked = "asked" | "expected to break" | "not asked";

/** Negative if version a (`v5.13`) is older than b, 0 if they are the same. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.replace(/^v/, "").split(".").map(Number));
  return (left?.[0] ?? 0) - (right?.[0] ?? 0) || (left?.[1] ?? 0) - (right?.[1] ?? 0);
}

/** What a rule is to a kernel. Without a version the implementation claims the newest behaviour. */
export function askedOf(rule: Rule | undefined, kernel: string | undefined): Asked {
  if (rule === undefined) return "asked";
  if (rule.before !== undefined && (kernel === undefined || compareVersions(kernel, rule.before) >= 0)) return "not asked";
  if (kernel === undefined) return "asked";
  if (rule.changed !== undefined && compareVersions(kernel, rule.changed) < 0) return "not asked";
  return rule.fixed !== undefined && compareVersions(kernel, rule.fixed) < 0 ? "expected to break" : "asked";
}

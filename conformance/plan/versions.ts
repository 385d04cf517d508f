/** Which rules are asked of which kernel versions. */
import type { Rule } from "../../spec/generated/types";
import { compareVersions } from "../case/versions";

/** Whether a rule is asked of a kernel, and whether that kernel is expected to break it. */
export type Asked = "asked" | "expected to break" | "not asked";

/** What a rule is to a kernel. Without a version the implementation claims the newest behaviour. */
export function askedOf(rule: Rule | undefined, kernel: string | undefined): Asked {
  if (rule === undefined) return "asked";
  if (rule.before !== undefined && (kernel === undefined || compareVersions(kernel, rule.before) >= 0)) return "not asked";
  if (kernel === undefined) return "asked";
  if (rule.changed !== undefined && compareVersions(kernel, rule.changed) < 0) return "not asked";
  return rule.fixed !== undefined && compareVersions(kernel, rule.fixed) < 0 ? "expected to break" : "asked";
}

/** What the stars of a dotted name stand for: `vcpu.*.mode` stands for `vcpu.0.mode` under the binding "0". */

/** What the stars of `pattern` stand for in `name` (joined by dots; "" without stars), or undefined if it is another name. */
export function bindingOf(pattern: string, name: string): string | undefined {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === name ? "" : undefined;
  if (!name.startsWith(pattern.slice(0, star))) return undefined;
  const words = pattern.split(".");
  const others = name.split(".");
  if (words.length !== others.length) return undefined;
  const bound: string[] = [];
  for (const [i, word] of words.entries()) {
    if (word === "*") bound.push(others[i] ?? "");
    else if (word !== others[i]) return undefined;
  }
  return bound.join(".");
}

/** The name that `pattern` stands for under a binding; a star that the binding does not reach stays. */
export function bind(pattern: string, binding: string): string {
  if (binding === "" || !pattern.includes("*")) return pattern;
  const bound = binding.split(".");
  let next = 0;
  return pattern
    .split(".")
    .map((word) => (word === "*" ? (bound[next++] ?? "*") : word))
    .join(".");
}

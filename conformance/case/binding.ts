/** What the stars of a dotted name stand for: `vcpu.*.mode` stands for `vcpu.0.mode` under the binding "0". */

const STAR = "*".charCodeAt(0);

/** What the stars of `pattern` stand for in `name` (joined by dots; "" without stars), or undefined if it is another name. */
export function bindingOf(pattern: string, name: string): string | undefined {
  let bound: string | undefined;
  let at = 0;
  for (let i = 0; i < pattern.length; i++) {
    const letter = pattern.charCodeAt(i);
    if (letter === STAR) {
      const dot = name.indexOf(".", at);
      const word = name.slice(at, dot < 0 ? undefined : dot);
      bound = bound === undefined ? word : `${bound}.${word}`;
      at += word.length;
    } else if (letter !== name.charCodeAt(at++)) return undefined;
  }
  return at === name.length ? (bound ?? "") : undefined;
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

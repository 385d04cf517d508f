/** Names as spec files use them: dotted, with `*` for any one word, and often slightly misspelt. */

/** Whether a declared name (`vcpu.*.mode`) covers a used one (`vcpu.0.mode`, or itself `vcpu.*.mode`). */
export function covers(declared: string, used: string): boolean {
  const words = declared.split(".");
  const others = used.split(".");
  return words.length === others.length && words.every((word, i) => word === "*" || word === others[i]);
}

/** The declared name that covers a used one. */
export function declaredAs(declared: Iterable<string>, used: string): string | undefined {
  for (const name of declared) if (covers(name, used)) return name;
  return undefined;
}

/** The nearest of `known` to a misspelt name, unless none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const each of known) {
    if (Math.abs(each.length - name.length) >= least) continue;
    const distance = levenshtein(name, each);
    if (distance < least) [best, least] = [each, distance];
  }
  return best;
}

/** How many letters must be changed, added or left out to make one name of the other. */
function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

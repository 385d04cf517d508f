/** A small generator of numbers below n: the same for the same seed, on every machine. */
export function numbers(seed: number): (n: number) => number {
  let state = (seed * 7919) | 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % n;
  };
}

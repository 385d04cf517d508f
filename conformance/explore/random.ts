import { numbers } from "./numbers";
import type { Strategy } from "./strategy";

/**
 * A random walk, so many times: at each step whatever can be done is equally likely. The same seed
 * makes the same runs. Where there was nothing to choose, one run is all there is.
 */
export function random(runs: number, seed: number): Strategy {
  const below = numbers(seed);
  let made = 0;
  let chose = true;
  return {
    name: "random",
    prefix: 0,
    get complete() {
      return !chose;
    },
    told: () => ({ seed }),
    begin() {
      if (made === runs || !chose) return false;
      made++;
      chose = made > 1;
      return true;
    },
    choose(_depth, enabled) {
      chose ||= enabled.length > 1;
      return enabled[below(enabled.length)];
    },
  };
}

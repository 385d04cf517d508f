import type { OrderClaim, StateClaim } from "../plan/claims";
import type { Footprint } from "./footprint";
import type { Watch } from "./watch";

/**
 * The sequences of states that each claim saw, over all runs: two complete strategies must come to
 * the same sets. Kept only when asked for.
 */
export class Sequences {
  /** For each claim and instance, the distinct sequences, as text. */
  readonly seen = new Map<string, Set<string>>();
  private readonly run = new Map<string, string[]>();

  /** A step was visible to a claim, in one instance or in all. */
  saw(claim: StateClaim | OrderClaim, binding: string | undefined, step: Footprint, watch: Watch): void {
    if (!("compiled" in claim)) {
      this.add(`${claim.id} ${binding ?? ""}`, step.event ?? "");
      return;
    }
    for (const each of watch.instances(claim, binding)) {
      const values = claim.compiled.at(each).reads.map((read) => watch.now(read) ?? null);
      this.add(`${claim.id} ${each}`, JSON.stringify(values));
    }
  }

  /** The run has ended; `whole` is false if it was given up half-way. */
  ended(whole: boolean): void {
    if (whole)
      for (const [key, states] of this.run) {
        const known = this.seen.get(key);
        if (known === undefined) this.seen.set(key, new Set([states.join(" ")]));
        else known.add(states.join(" "));
      }
    this.run.clear();
  }

  private add(key: string, state: string): void {
    const run = this.run.get(key);
    if (run === undefined) this.run.set(key, [state]);
    else run.push(state);
  }
}

import { bindingOf } from "../case/binding";
import type { State } from "../case/pattern";
import type { OrderClaim } from "../plan/claims";
import { starsIn } from "../plan/sights";

/** Judges the claims about events during a run. */
export class Orders {
  /** What has happened of each `order`: "place binding". */
  private readonly happened = new Map<OrderClaim, Set<string>>();
  /** Where each `between` is open: "thread binding". */
  private readonly open = new Map<OrderClaim, Set<string>>();
  private readonly counted = new Map<string, number>();
  private readonly broken = new Map<OrderClaim, string>();
  /** For each event, the claims that it means something to: mostly none. */
  private readonly concerned = new Map<string, readonly OrderClaim[]>();

  constructor(private readonly claims: readonly OrderClaim[]) {}

  /** Whether there is any claim about events. */
  get areJudged(): boolean {
    return this.claims.length > 0;
  }

  /** Forgets the last run. */
  reset(): void {
    if (this.claims.length === 0) return;
    for (const each of [this.happened, this.open, this.counted, this.broken]) each.clear();
  }

  /** An event happened. Gives what it breaks, unless that is only judged at the end. */
  saw(event: string, thread: string, broken: (claim: OrderClaim, what: string) => void): void {
    let concerned = this.concerned.get(event);
    if (concerned === undefined) this.concerned.set(event, (concerned = this.claims.filter((claim) => isAbout(claim, event))));
    for (const claim of concerned) {
      const what = this.judge(claim, event, thread);
      if (what === undefined || this.broken.has(claim)) continue;
      this.broken.set(claim, what);
      if (claim.onlyIf === undefined) broken(claim, what);
    }
  }

  /** The run has ended in this state: what is only judged now. */
  ended(state: State, broken: (claim: OrderClaim, what: string) => void): void {
    for (const claim of this.claims) {
      if (claim.onlyIf !== undefined && !claim.onlyIf.at("").holds(state)) continue;
      const earlier = this.broken.get(claim);
      if (claim.onlyIf !== undefined && earlier !== undefined) broken(claim, earlier);
      for (const { event, test } of claim.counts) {
        const times = this.counted.get(`${claim.id} ${event}`) ?? 0;
        if (!test(times, undefined, () => undefined)) broken(claim, `${event} happened ${times} times`);
      }
    }
  }

  private judge(claim: OrderClaim, event: string, thread: string): string | undefined {
    if (claim.kind === "order") return this.order(claim, event, thread);
    if (claim.kind === "never") return this.never(claim, event, thread);
    for (const { event: pattern } of claim.counts) {
      const key = `${claim.id} ${pattern}`;
      if (bindingOf(pattern, event) !== undefined) this.counted.set(key, (this.counted.get(key) ?? 0) + 1);
    }
    return undefined;
  }

  private order(claim: OrderClaim, event: string, thread: string): string | undefined {
    const happened = of(this.happened, claim);
    const order = claim.says.order ?? [];
    let what: string | undefined;
    for (const [place, pattern] of order.entries()) {
      const binding = bindingOf(pattern, event);
      if (binding === undefined) continue;
      const missing = order.slice(0, place).find((earlier, i) => !happened.has(`${i} ${starsIn(earlier) > 0 ? binding : ""}`));
      if (missing !== undefined) what ??= `${thread}: ${event} came before ${missing}`;
      happened.add(`${place} ${binding}`);
    }
    return what;
  }

  private never(claim: OrderClaim, event: string, thread: string): string | undefined {
    const { never = "", between } = claim.says;
    const open = of(this.open, claim);
    const inside = [...open].find((key) => key.startsWith(`${thread} `));
    const forbidden = bindingOf(never, event) !== undefined && (between === undefined || inside !== undefined);
    const [from = "", to = ""] = between ?? [];
    const [opened, closed] = [bindingOf(from, event), bindingOf(to, event)];
    if (closed !== undefined)
      for (const key of [...open]) if (key === `${thread} ${closed}` || (closed === "" && key.startsWith(`${thread} `))) open.delete(key);
    if (opened !== undefined) open.add(`${thread} ${opened}`);
    return forbidden ? `${thread}: ${event} happened${between === undefined ? "" : ` after ${from} and before ${to}`}` : undefined;
  }
}

/** Whether an event means anything to a claim. */
function isAbout({ says, counts }: OrderClaim, event: string): boolean {
  const patterns = [...(says.order ?? []), ...(says.between ?? []), ...counts.map((count) => count.event)];
  if (says.never !== undefined) patterns.push(says.never);
  return patterns.some((pattern) => bindingOf(pattern, event) !== undefined);
}

function of(map: Map<OrderClaim, Set<string>>, claim: OrderClaim): Set<string> {
  let found = map.get(claim);
  if (found === undefined) map.set(claim, (found = new Set()));
  return found;
}

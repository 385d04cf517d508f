import type { Value } from "../../spec/generated/types";
import type { OutcomeClaim } from "../plan/claims";
import type { Lane } from "./lane";
import type { Outcomes, Returns } from "./outcomes";
import type { Watch } from "./watch";

/** How many distinct ends are kept: an exploration's memory does not grow with its runs. */
const MOST_ENDS = 4096;

/** What is wrong with an end. */
interface BadEnd {
  readonly claim: OutcomeClaim;
  readonly what: string;
}

/** What has been seen of an end up to here, by what comes next; the last says what is wrong with the whole. */
class Node {
  bad: BadEnd | "nothing" | undefined;
  /** Many a node is an end: a map for each would be most of what is kept. */
  private next: Map<unknown, Node> | undefined;
  /** What came next in the last end that was looked up: mostly it does again. */
  private lastValue: unknown = this;
  private lastNode: Node = this;

  /** What has been seen after this comes next; it is made if it is new and is to be kept. */
  below(value: unknown, makes: boolean): Node | undefined {
    if (value === this.lastValue) return this.lastNode;
    const key = typeof value === "object" && Array.isArray(value) ? JSON.stringify(value) : value;
    let found = this.next?.get(key);
    if (found === undefined && makes) (this.next ??= new Map<unknown, Node>()).set(key, (found = new Node()));
    if (found !== undefined && key === value) [this.lastValue, this.lastNode] = [value, found];
    return found;
  }
}

type Values = Readonly<Record<string, Value>>;

/** The distinct ways in which runs ended: returns and settled reads. Most runs end as others did, which is seen at once. */
export class Ends {
  /** As JSON, sorted by name. Of more than MOST_ENDS, the first. */
  readonly all = new Set<string>();
  private readonly root = new Node();

  constructor(
    private readonly outcomes: Outcomes,
    private readonly watch: Watch,
  ) {}

  /** Whether it matters what a run comes to: there are ends to be told apart, or a claim about them. */
  get areWanted(): boolean {
    return this.all.size < MOST_ENDS || this.outcomes.claim !== undefined;
  }

  /** Somebody else came to this end. */
  keep(end: string): void {
    if (this.all.size < MOST_ENDS) this.all.add(end);
  }

  /** A run came to this: remembers it, and says if no outcome allows it. */
  came(lanes: readonly Lane[], values: Values): BadEnd | undefined {
    const keeps = this.all.size < MOST_ENDS;
    const node = this.find(lanes, values, keeps);
    if (node?.bad !== undefined) return node.bad === "nothing" ? undefined : node.bad;
    const returns = new Map(lanes.map((lane) => [lane.name, isDone(lane) ? lane.returns.slice() : [...lane.returns, "blocked"]]));
    if (keeps) this.all.add(asText(returns, values));
    const { claim } = this.outcomes;
    const isBad = this.outcomes.match(returns, this.watch) === "unlisted" && claim !== undefined;
    const bad = isBad ? { claim, what: this.outcomes.inWords(returns, this.watch) } : undefined;
    if (node !== undefined) node.bad = bad ?? "nothing";
    return bad;
  }

  /** The node of an end; it is made if it is new and is to be kept. */
  private find(lanes: readonly Lane[], values: Values, keeps: boolean): Node | undefined {
    let node: Node | undefined = this.root;
    for (const lane of lanes) {
      const { calls, returns } = lane;
      for (const value of returns) node = node?.below(value, keeps);
      // Of whoever returned from all calls of the case there is nothing more to say.
      if (calls.length > 0 && calls.length === returns.length && isDone(lane)) continue;
      node = node?.below(isDone(lane) ? lane.name : lane, keeps);
    }
    for (const name in values) node = node?.below(name, keeps)?.below(values[name], keeps);
    return node;
  }
}

function isDone({ pending, blocked }: Lane): boolean {
  return !pending && !blocked;
}

function asText(returns: Returns, values: Values): string {
  const reads = Object.keys(values).sort();
  return JSON.stringify([[...returns].sort(([a], [b]) => (a < b ? -1 : 1)), reads.map((read) => [read, values[read]])]);
}

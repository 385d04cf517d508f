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
interface Node {
  readonly next: Map<unknown, Node>;
  bad: BadEnd | "nothing" | undefined;
}

type Values = Readonly<Record<string, Value>>;

/** The distinct ways in which runs ended: returns and settled reads. Most runs end as others did, which is seen at once. */
export class Ends {
  /** As JSON, sorted by name. Of more than MOST_ENDS, the first. */
  readonly all = new Set<string>();
  private readonly root: Node = { next: new Map(), bad: undefined };
  /** The nodes of the last end, and by what each was found. */
  private readonly path: Node[] = [];
  private readonly keys: unknown[] = [];
  private node: Node | undefined;
  private at = 0;

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

  /** The node of an end; it is made if it is new and is to be kept. What the end begins with is mostly what the last began with. */
  private find(lanes: readonly Lane[], values: Values, keeps: boolean): Node | undefined {
    this.at = 0;
    this.node = this.root;
    for (const lane of lanes) {
      const { returns } = lane;
      for (let i = 0; i < returns.length; i++) this.go(returns[i], keeps);
      // Who is done has returned from each of its calls.
      if (!isDone(lane)) this.go(lane, keeps);
    }
    for (const name in values) {
      this.go(name, keeps);
      this.go(values[name], keeps);
    }
    this.path.length = this.at;
    return this.node;
  }

  /** Goes from a node to the one below it, if there is one or it is to be made. */
  private go(value: unknown, keeps: boolean): void {
    const { at, path, keys, node } = this;
    if (node === undefined) return;
    if (at < path.length && keys[at] === value) this.node = path[at];
    else {
      path.length = at;
      const found = below(node, value, keeps);
      this.node = found;
      if (found === undefined) return;
      path.push(found);
      keys[at] = value;
    }
    this.at++;
  }
}

function isDone({ pending, blocked }: Lane): boolean {
  return !pending && !blocked;
}

function below({ next }: Node, value: unknown, makes: boolean): Node | undefined {
  const key = typeof value === "object" && Array.isArray(value) ? JSON.stringify(value) : value;
  let found = next.get(key);
  if (found === undefined && makes) next.set(key, (found = { next: new Map(), bad: undefined }));
  return found;
}

function asText(returns: Returns, values: Values): string {
  const reads = Object.keys(values).sort();
  return JSON.stringify([[...returns].sort(([a], [b]) => (a < b ? -1 : 1)), reads.map((read) => [read, values[read]])]);
}

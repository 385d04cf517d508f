import type {
  CallReply,
  CallRequest,
  CloseReply,
  EventSeen,
  OpenReply,
  ReadReply,
  ReadRequest,
  Report,
  Request,
  StepReply,
  StepRequest,
  Threads,
  Value,
} from "../../spec/generated/types";
import { answered, Cannot, followedBy, type Exchange } from "../adapter/door";
import { looksInside, type PlannedCall, type Plan } from "../plan/plan";
import type { Footprints } from "./footprints";
import { Lane } from "./lane";
import type { Transition } from "./footprint";

/** What an implementation tells besides answers. */
export interface Hears {
  event(event: string, thread: string): void;
  report(report: Report): void;
}

/** The world of one run as the dialogue shows it: its threads, and what can be asked of it. */
export class World {
  /** The threads that are explored: those of the case, then those that were started, in that order. */
  readonly lanes: Lane[] = [];
  private readonly byName = new Map<string, Lane>();
  private readonly inOrder: Lane[] = [];
  private readonly enabled: Transition[] = [];
  private readonly stepRequest: StepRequest = { op: "step", thread: "" };
  private readonly readRequest: ReadRequest = { op: "read", names: [] };
  private readonly closeRequest: Request = { op: "close" };
  /** The read that goes out together with the call before it. */
  private promised: ReadRequest | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly footprints: Footprints,
    private readonly hears: Hears,
  ) {
    for (const { name, calls, interrupts } of plan.threads) this.lane(name, calls, interrupts);
  }

  *open(paths: boolean): Exchange<void> {
    const { given, faults } = this.plan;
    // Whoever is stepped announces its events in any case.
    const events = this.plan.control !== "step" && looksInside(this.plan);
    const besides = { ...(faults && { faults }), ...(paths && { paths }), ...(events && { events }) };
    const { cannot } = answered<OpenReply>(yield { op: "open", given, ...besides });
    if (cannot !== undefined) throw new Cannot(cannot);
  }

  *close(): Exchange<CloseReply> {
    return answered<CloseReply>(yield this.closeRequest);
  }

  *read(names: readonly string[]): Exchange<Readonly<Record<string, Value>>> {
    if (this.promised?.names === names) return answered<ReadReply>(yield this.promised).values;
    this.readRequest.names = names as string[];
    return answered<ReadReply>(yield this.readRequest).values;
  }

  /** The last look before the world is closed. */
  *readLast(names: readonly string[]): Exchange<Readonly<Record<string, Value>>> {
    const request: ReadRequest = { op: "read", names: names as string[] };
    return answered<ReadReply>(yield followedBy(request, this.closeRequest)).values;
  }

  /** A thread that is not explored. */
  aside(name: string, calls: readonly PlannedCall[]): Lane {
    const lane = new Lane(name, -1, calls);
    this.byName.set(name, lane);
    return lane;
  }

  /**
   * Begins a thread's next call, if it has one, up to its first announcement, which touches nothing
   * shared. Gives the request that it took, if it took one.
   */
  *begin(lane: Lane): Exchange<CallRequest | undefined> {
    lane.at++;
    const { call } = lane;
    if (call === undefined) return undefined;
    if (this.plan.control === "step") return yield* this.send(lane, call);
    lane.pending = lane.ready = true;
    lane.offer(this.footprints, this.footprints.call());
    return undefined;
  }

  /** The request that lets a thread take its announced step. There is one at a time. */
  stepOf(lane: Lane, { does, pick }: Transition): StepRequest {
    const request = this.stepRequest;
    request.thread = lane.name;
    request.pick = does.picks > 1 ? pick : undefined;
    return request;
  }

  /** A thread took its step: what the implementation says to that. */
  stepped(lane: Lane, reply: StepReply): void {
    this.absorb(reply.threads);
    if (reply.reports !== undefined) this.hear(lane, undefined, reply.reports);
  }

  /** Lets a thread take its announced step, or make its whole call. */
  *advance(lane: Lane, transition: Transition): Exchange<void> {
    const { does } = transition;
    if (lane.call !== undefined && does.kind === "call") {
      this.promised = does.reads.length > 0 ? { op: "read", names: does.reads as string[] } : undefined;
      yield* this.send(lane, lane.call);
      return;
    }
    this.stepped(lane, answered<StepReply>(yield this.stepOf(lane, transition)));
  }

  /** What could be done next: a transition for each pick of each thread that can go on. Reused by the next call. */
  whatIsEnabled(): readonly Transition[] {
    const { enabled } = this;
    enabled.length = 0;
    for (const lane of this.lanes) if (lane.pending && lane.ready) for (const transition of lane.next) enabled.push(transition);
    return enabled;
  }

  /** What those threads would do next that cannot go on and are not done. */
  whatWaits(): readonly Transition[] {
    return this.lanes.filter((lane) => lane.pending && !lane.ready).flatMap((lane) => lane.next.slice(0, 1));
  }

  /** Whether a call has returned that was not looked at yet. */
  someoneIsBack(): boolean {
    for (const lane of this.lanes) if (lane.back) return true;
    return false;
  }

  private lane(name: string, calls: readonly PlannedCall[], interrupts?: string): Lane {
    const lane = new Lane(name, this.lanes.length, calls, interrupts);
    this.lanes.push(lane);
    this.byName.set(name, lane);
    return lane;
  }

  private *send(lane: Lane, call: PlannedCall): Exchange<CallRequest> {
    const { name, interrupts } = lane;
    const on = interrupts === undefined ? {} : { interrupts };
    const request: CallRequest = { op: "call", thread: name, ...on, do: call.do, args: call.args };
    const reply = answered<CallReply>(yield this.promised === undefined ? request : followedBy(request, this.promised));
    if (reply.threads !== undefined) this.absorb(reply.threads);
    if (reply.unsupported === true) lane.unsupported = true;
    if (reply.blocked === true) [lane.blocked, lane.pending] = [true, false];
    else if (reply.threads?.[name] === undefined) [lane.back, lane.pending, lane.returned] = [true, false, reply.returned];
    else if (!lane.pending) lane.back = true;
    this.hear(lane, reply.events, reply.reports);
    return request;
  }

  /** Takes over where all threads stand. */
  absorb(threads: Threads): void {
    let place = 0;
    for (const name in threads) {
      const standing = threads[name];
      if (standing === undefined) continue;
      const lane = this.laneAt(place++, name);
      const { stack: owner } = standing;
      const stack = owner === undefined ? lane.index : (this.byName.get(owner)?.index ?? lane.index);
      lane.stands(standing, stack, this.footprints);
    }
  }

  /** The lane of a thread. An implementation tells of its threads in one order, which is remembered. */
  private laneAt(place: number, name: string): Lane {
    const known = this.inOrder[place];
    if (known?.name === name) return known;
    return (this.inOrder[place] = this.byName.get(name) ?? this.lane(name, []));
  }

  private hear(lane: Lane, events: readonly EventSeen[] | undefined, reports: readonly Report[] | undefined): void {
    for (const { event, thread } of events ?? []) this.hears.event(event, thread ?? lane.name);
    for (const report of reports ?? []) this.hears.report(report);
  }
}

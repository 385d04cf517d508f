import type {
  CallReply,
  CallRequest,
  EventSeen,
  Open as OpenRequest,
  OpenReply,
  Reply,
  Report,
  Request,
  Standing,
  StepReply,
  StepRequest,
  Threads,
} from "../../spec/generated/types";
import { answered, ask, Cannot, crashOf, doorHere, followedBy, type Exchange, type ThreadHere, type ThreadsHere } from "../adapter/door";
import { looksInside, type PlannedCall, type Plan } from "../plan/plan";
import { Enabled } from "./enabled";
import type { Exploration } from "./exploration";
import type { Footprints } from "./footprints";
import { ASIDE, Lane } from "./lane";
import type { Memory } from "./memory";
import type { Transition } from "./footprint";
import { Reads } from "./reads";

/** What an implementation tells besides answers. */
export interface Hears {
  event(event: string, thread: string): void;
  report(report: Report): void;
}

/** The worlds of one run after the other as the dialogue shows them: their threads, and what can be asked of them. */
export class World {
  /** The threads that are explored: those of the case, then those that were started, in that order. */
  readonly lanes: Lane[] = [];
  readonly enabled = new Enabled(this.lanes);
  /** A call said that it is blocked, in some run: where its thread then stands is not known from its standing alone. */
  blocked = false;
  /** Whose call has returned and was not looked at yet. */
  whoIsBack: Lane | "several" | undefined;
  private readonly plan: Plan;
  private readonly footprints: Footprints;
  private readonly memory: Memory;
  private readonly byName = new Map<string, Lane>();
  private readonly stepRequest: StepRequest = { op: "step", thread: "" };
  readonly closeRequest: Request = { op: "close" };
  readonly reads = new Reads(this.closeRequest);
  private readonly openRequest: OpenRequest;
  private readonly againRequest: OpenRequest;
  private settingUp = false;

  constructor(
    { plan, footprints, memory }: Exploration,
    private readonly hears: Hears,
    paths: boolean,
  ) {
    this.plan = plan;
    this.footprints = footprints;
    this.memory = memory;
    const { given, faults, control } = plan;
    // Whoever is stepped announces its events in any case.
    const events = control !== "step" && looksInside(plan);
    this.openRequest = { op: "open", given, ...(faults && { faults }), ...(paths && { paths }), ...(events && { events }) };
    // A literal with more than a spread in it would be of a hidden class of its own each time.
    this.againRequest = Object.assign({}, this.openRequest, { again: 1 });
    for (const { name, calls, interrupts } of plan.threads) this.lane(name, calls, interrupts);
  }

  /** Opens a fresh world. */
  *open(): Exchange<void> {
    this.forget(-1);
    this.enabled.forget();
    for (const lane of this.lanes) lane.restart();
    this.opened(yield* ask(this.openRequest));
  }

  /** The request for a world in which everything is done that the memory knows of. */
  askedAgain(): OpenRequest {
    this.againRequest.again = this.memory.requests;
    return this.againRequest;
  }

  /** Opens a world to make there, one by one, the requests that the memory knows of. */
  *openEmpty(): Exchange<void> {
    this.opened(yield* ask(this.openRequest));
  }

  /** The memory goes back to so many steps. Threads that were started later are not there; the others will mostly announce the first that they took after these. */
  goBack(steps: number): void {
    this.enabled.forget();
    this.forget(steps);
    const { taken } = this.memory;
    for (let i = taken.length - 1; i >= steps; i--) {
      const { thread, among } = taken[i] as Transition;
      const lane = this.lanes[thread];
      lane?.goBack(among);
    }
    this.whoIsBack = undefined;
  }

  private forget(steps: number): void {
    this.reads.promised = undefined;
    const { lanes, plan } = this;
    for (let last = lanes.at(-1); last !== undefined && last.born > steps && lanes.length > plan.threads.length; last = lanes.at(-1)) {
      this.byName.delete(last.name);
      lanes.pop();
    }
  }

  /** A world was opened. False if the implementation finds that what was asked again does not fit. */
  opened(reply: Reply): boolean {
    const { cannot, differs, threads } = answered<OpenReply>(reply);
    if (cannot !== undefined) throw new Cannot(cannot);
    if (differs === true) return false;
    const here = doorHere()?.threads;
    for (const lane of this.lanes) {
      lane.replaced();
      if (threads === undefined || here === undefined || !this.hasBegun(lane)) continue;
      this.stands(lane, (lane.here ??= here.of(lane.name)).standing);
    }
    if (threads !== undefined && here === undefined) this.absorb(threads);
    return true;
  }

  /** A thread that is not explored: what it and the others do until it is done sets the world up. */
  aside(name: string, calls: readonly PlannedCall[]): Lane {
    this.settingUp = true;
    const lane = new Lane(name, ASIDE, calls, undefined, 0);
    this.byName.set(name, lane);
    return lane;
  }

  /** From here on threads are explored. */
  isSetUp(): void {
    this.settingUp = false;
  }

  /** Begins a thread's next call, if it has one, up to its first announcement, which touches nothing shared. */
  *begin(lane: Lane): Exchange<void> {
    const call = lane.calls[lane.at + 1];
    if (call === undefined) return;
    lane.at++;
    if (this.plan.control === "step") yield* this.send(lane, call);
    else {
      lane.pending = lane.ready = true;
      this.enabled.forget();
      if (lane.index !== ASIDE) lane.offer(this.footprints, this.footprints.call());
    }
  }

  /** The request that lets a thread take its announced step. There is one at a time. */
  stepOf(lane: Lane, { does, pick }: Transition): StepRequest {
    const request = this.stepRequest;
    request.thread = lane.name;
    request.pick = does.picks > 1 ? pick : undefined;
    return request;
  }

  /** Lets a thread that is in this process take its announced step. */
  take(lane: Lane, { does, pick }: Transition, threads: ThreadsHere): void {
    const thread = (lane.here ??= threads.of(lane.name));
    let others: readonly ThreadHere[];
    try {
      others = threads.take(thread, does.picks > 1 ? pick : 0);
    } catch (error) {
      throw crashOf(error);
    }
    this.stands(lane, thread.standing);
    for (const { name, standing } of others) this.stands(this.named(name), standing);
    const reports = threads.reports();
    if (reports.length > 0) this.hear(lane, undefined, reports);
  }

  /** A thread took its step: what the implementation says to that. */
  stepped(lane: Lane, reply: StepReply): void {
    if (reply.standing !== undefined) this.stands(lane, reply.standing);
    if (reply.threads !== undefined) this.absorb(reply.threads);
    if (reply.reports !== undefined) this.hear(lane, undefined, reply.reports);
  }

  /** Lets a thread take its announced step, or make its whole call. */
  *advance(lane: Lane, transition: Transition): Exchange<void> {
    const { does } = transition;
    if (lane.call !== undefined && does.kind === "call") {
      this.reads.promised = does.reads.length > 0 ? { op: "read", names: does.reads as string[] } : undefined;
      yield* this.send(lane, lane.call);
    } else this.stepped(lane, answered<StepReply>(yield* ask(this.stepOf(lane, transition))));
  }

  /** As above, while the world is set up: of several outcomes the first. */
  *setsUp(lane: Lane): Exchange<void> {
    const { announced, call, name } = lane;
    if (announced === undefined && call !== undefined) return yield* this.send(lane, call);
    const request: StepRequest = { op: "step", thread: name, pick: (announced?.picks ?? 1) > 1 ? 0 : undefined };
    this.memory.setUp.push(request);
    this.stepped(lane, answered<StepReply>(yield* ask(request)));
  }

  /** What those threads would do next that cannot go on and are not done. */
  whatWaits(): readonly Transition[] {
    const waiting: Transition[] = [];
    for (const { pending, ready, next } of this.lanes) if (pending && !ready && next[0] !== undefined) waiting.push(next[0]);
    return waiting;
  }

  private lane(name: string, calls: readonly PlannedCall[], interrupts?: string): Lane {
    const lane = new Lane(name, this.lanes.length, calls, interrupts, this.memory.taken.length);
    this.lanes.push(lane);
    this.byName.set(name, lane);
    return lane;
  }

  private *send(lane: Lane, call: PlannedCall): Exchange<void> {
    const { name, interrupts } = lane;
    const on = interrupts === undefined ? {} : { interrupts };
    const request: CallRequest = { op: "call", thread: name, ...on, do: call.do, args: call.args };
    if (this.settingUp) this.memory.setUp.push(request);
    else this.memory.happened({ what: "begun", lane, request });
    const { promised } = this.reads;
    const reply = answered<CallReply>(yield* ask(promised === undefined ? request : followedBy(request, promised)));
    if (reply.threads !== undefined) this.absorb(reply.threads);
    if (reply.unsupported === true) lane.unsupported = true;
    if (reply.blocked === true) this.blocked = lane.blocked = !(lane.pending = false);
    else if (reply.threads?.[name] === undefined) [lane.back, lane.pending, lane.returned] = [true, false, reply.returned];
    else if (!lane.pending) lane.back = true;
    if (lane.back) this.isBack(lane);
    this.enabled.forget();
    this.hear(lane, reply.events, reply.reports);
  }

  /** Takes over where threads stand. */
  absorb(threads: Threads): void {
    for (const name in threads) {
      const standing = threads[name];
      if (standing !== undefined) this.stands(this.named(name), standing);
    }
  }

  /** Whether the implementation knows a thread by now. */
  private hasBegun({ at, index }: Lane): boolean {
    return at >= 0 || index >= this.plan.threads.length;
  }

  /** The thread of this name; one that is not known yet was started by another. */
  private named(name: string): Lane {
    return this.byName.get(name) ?? this.lane(name, []);
  }

  private stands(lane: Lane, standing: Standing): void {
    const { stack: owner } = standing;
    const stack = owner === undefined ? lane.index : (this.byName.get(owner)?.index ?? lane.index);
    lane.stands(standing, stack, this.footprints);
    this.enabled.moved(lane);
    if (lane.back) this.isBack(lane);
  }

  /** Looks no more at a thread whose last call has returned. False if that cannot be: something is to be asked then, or others are back too. */
  dismiss(lane: Lane): boolean {
    if (this.whoIsBack !== lane || !lane.isDone) return false;
    this.whoIsBack = undefined;
    lane.back = false;
    return true;
  }

  private isBack(lane: Lane): void {
    this.whoIsBack = this.whoIsBack === undefined || this.whoIsBack === lane ? lane : "several";
  }

  private hear(lane: Lane, events: readonly EventSeen[] | undefined, reports: readonly Report[] | undefined): void {
    for (const { event, thread } of events ?? []) this.hears.event(event, thread ?? lane.name);
    for (const report of reports ?? []) this.hears.report(report);
  }
}

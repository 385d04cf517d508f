import type { CloseReply, Value } from "../../spec/generated/types";
import { answered, Cannot, Crashed, doorHere, Overdue, type Exchange } from "../adapter/door";
import { wrongValues } from "../case/values";
import type { StateClaim } from "../plan/claims";
import type { Exploration } from "./exploration";
import type { Lane } from "./lane";
import { isAsked, repeat, undo } from "./repeat";
import { rowOf, shown, type Row } from "./row";
import { Misfit } from "./replay";
import type { Footprint, Transition } from "./footprint";
import type { Strategy } from "./strategy";
import type { Violation } from "./violation";
import { Violations } from "./violations";
import { World } from "./world";

/** How a run ended: all calls returned or are rightly blocked; nobody can go on; seen in other runs; cut off; crashed; not repeatable; no such world. */
export type End = "complete" | "stuck" | "asleep" | "too long" | "crashed" | "misfit" | "cannot";

/** One run of a case under one schedule. */
export interface Ran {
  readonly end: End;
  /** The steps taken. */
  readonly taken: readonly Transition[];
  /** What was violated, each claim once, in the order found. */
  readonly violations: readonly Violation[];
  /** For `crashed`, `misfit` and `cannot`, and where a call was not answered: what happened. */
  readonly reason: string | undefined;
  /** With `paths`: the steps as a report shows them. */
  readonly trace: readonly Row[];
}

/** The thread of the calls before the race. */
const SET_UP = "setup";

/** After so many runs a request is yielded that could be asked at once, so that whoever holds the exchange has a turn. */
const RUNS_A_TURN = 8;

/** One run after the other: open a world, set up or go back, take steps as the strategy says, judge, close. */
export class Run {
  private readonly taken: Transition[];
  private readonly trace: Row[] = [];
  private readonly found: Violations;
  private readonly world: World;
  private runs = 0;

  constructor(
    private readonly whole: Exploration,
    private readonly paths: boolean,
  ) {
    this.taken = whole.memory.taken;
    this.found = new Violations(whole, this.taken);
    const event = (name: string, thread: string): void => this.event(name, thread);
    this.world = new World(whole, { event, report: (report) => this.found.report(report) }, paths);
  }

  /** Makes the next run. */
  *go(strategy: Strategy): Exchange<Ran> {
    this.runs++;
    this.found.clear();
    try {
      return this.ran(yield* this.whileOpen(strategy));
    } catch (error) {
      if (error instanceof Crashed) return this.ran("crashed", error.message);
      if (error instanceof Overdue) return this.overdue(error);
      if (error instanceof Misfit) return this.ran("misfit", error.message);
      if (error instanceof Cannot) return this.ran("cannot", error.message);
      throw error;
    }
  }

  private ran(end: End, reason?: string): Ran {
    return { end, taken: this.taken, violations: this.found.all, reason, trace: this.trace };
  }

  /** A call that neither returns nor says that it is blocked is stuck; anything else that is not answered is a crash. */
  private overdue({ request, message }: Overdue): Ran {
    if (request.op !== "call" && request.op !== "step") return this.ran("crashed", message);
    this.found.overdue(request.thread ?? "all threads", request.op === "call" ? request.do : "a step", message);
    return this.ran("stuck", message);
  }

  private *whileOpen(strategy: Strategy): Exchange<End> {
    const { world, whole } = this;
    const { prefix } = strategy;
    let end: End = "complete";
    if (prefix === undefined || !this.mayRepeat(prefix)) end = yield* this.beginning();
    else {
      if (this.paths) this.trace.length = prefix;
      undo(whole, world, prefix);
      const here = doorHere();
      const isThere = isAsked(whole, this.runs) && world.opened(here === undefined ? yield world.askedAgain() : here(world.askedAgain()));
      const misfit = isThere ? undefined : yield* repeat(whole, world);
      if (misfit !== undefined) end = this.notRepeatable(misfit);
    }
    if (end === "complete") end = yield* this.race(strategy);
    if (end === "complete") this.settle(whole.allReads.length > 0 ? yield* world.readLast(whole.allReads) : {});
    const here = this.runs % RUNS_A_TURN === 0 ? undefined : doorHere();
    const last = answered<CloseReply>(here === undefined ? yield world.closeRequest : here(world.closeRequest));
    whole.passed(last);
    this.found.closed(last);
    return end;
  }

  /** Whether this run can go back to where it parts from the last one, instead of being set up anew. */
  private mayRepeat(prefix: number): boolean {
    const { plan, sequences } = this.whole;
    return this.runs > 1 && plan.control === "step" && sequences === undefined && !this.world.blocked && prefix < this.taken.length;
  }

  /** Comes to the start of the race. */
  private *beginning(): Exchange<End> {
    const { memory, watch, orders } = this.whole;
    memory.clear();
    watch.reset();
    orders.reset();
    this.trace.length = 0;
    yield* this.world.open();
    if (!(yield* this.setUp())) return "stuck";
    yield* this.start();
    return "complete";
  }

  /** Makes the calls before the race, one after the other. False if one of them is stuck. */
  private *setUp(): Exchange<boolean> {
    const { setUp } = this.whole.plan;
    if (setUp.length === 0) return true;
    const lane = this.world.aside(SET_UP, setUp);
    yield* this.begin(lane);
    while (lane.pending) {
      const next = [lane, ...this.world.lanes].find((each) => each.pending && each.ready);
      const [transition] = next?.next ?? [];
      if (next === undefined || transition === undefined) break;
      yield* this.world.advance(next, transition);
      yield* this.backs(next);
    }
    this.world.isSetUp();
    return (!lane.pending && !lane.blocked) || !this.found.stuck([lane, ...this.world.lanes]);
  }

  private *race(strategy: Strategy): Exchange<End> {
    const { limits, watch } = this.whole;
    const { world, taken } = this;
    const here = doorHere()?.threads;
    for (;;) {
      const enabled = world.enabled.now();
      if (enabled.length === 0) {
        strategy.ended?.(world.whatWaits());
        return this.found.stuck(world.lanes) ? "stuck" : "complete";
      }
      if (taken.length >= limits.steps) return "too long";
      const chosen = strategy.choose(taken.length, enabled, world.enabled);
      if (chosen === undefined) return "asleep";
      const lane = this.laneOf(chosen);
      if (!lane.canTake(chosen)) return this.notRepeatable(chosen);
      const step = chosen.does;
      const { path } = lane;
      taken.push(chosen);
      watch.stepped(step);
      if (here === undefined || step.kind === "call") yield* world.advance(lane, chosen);
      else world.take(lane, chosen, here);
      if (step.event !== undefined) this.event(step.event, lane.name);
      if (step.visible.length > 0) yield* this.judge(step);
      if (this.paths) this.trace.push(rowOf(taken.length, lane, chosen, path, watch.changed()));
      if (world.whoIsBack !== undefined && !this.areDone(lane)) yield* this.backs(lane);
    }
  }

  /** Before the first step: what claims see, and each thread's first call. */
  private *start(): Exchange<void> {
    const { watch, plan, firstReads } = this.whole;
    if (firstReads.length > 0) watch.show(yield* this.world.read(firstReads));
    this.judgeStates();
    const own = this.world.lanes.slice(0, plan.threads.length);
    for (const lane of own) if (lane.interrupts === undefined) yield* this.begin(lane);
    for (const lane of own) if (lane.interrupts !== undefined) yield* this.begin(lane);
  }

  /** A step was taken that claims may see. */
  private *judge(step: Footprint): Exchange<void> {
    const { watch, sequences } = this.whole;
    if (step.reads.length > 0) watch.show(yield* this.world.read(step.reads));
    for (const { claim, binding } of step.visible) {
      if (claim.kind === "always" || claim.kind === "sometimes") watch.judge(claim, binding, this.found.state);
      sequences?.saw(claim, binding, step, watch);
    }
  }

  /** Begins a thread's next call; one that returns without a step is judged, and the next begun. */
  private *begin(lane: Lane): Exchange<void> {
    yield* this.world.begin(lane);
    if (lane.back) yield* this.backs(lane);
  }

  /** Judges the calls that have returned, and begins what follows them; `first` is the thread that took the step. */
  private *backs(first: Lane): Exchange<void> {
    this.world.whoIsBack = undefined;
    if (first.back) yield* this.returned(first);
    for (const lane of this.world.lanes) if (lane.back) yield* this.returned(lane);
  }

  /** Judges the calls that have returned if nothing need be asked for that: if only this thread's last one has. */
  private areDone(lane: Lane): boolean {
    if (this.world.whoIsBack !== lane || !lane.isDone) return false;
    this.world.whoIsBack = undefined;
    lane.back = false;
    this.judgeReturn(lane);
    return true;
  }

  private *returned(lane: Lane): Exchange<void> {
    lane.back = false;
    const { call } = lane;
    if (call === undefined) return;
    if (lane.unsupported) {
      lane.unsupported = false;
      const what = `it says that it has ${call.do}, and answers that it has not`;
      this.found.violation("capability-lie", call.rule, undefined, `${call.do} is there`, what);
      this.returns(lane, "unsupported");
      yield* this.begin(lane);
      return;
    }
    this.judgeReturn(lane);
    if (call.then !== undefined && call.then.unseen === undefined) yield* this.judgeThen(lane, call.then);
    yield* this.begin(lane);
  }

  private judgeReturn(lane: Lane): void {
    const { call, returned } = lane;
    this.returns(lane, returned ?? "nothing");
    if (call === undefined) return;
    const claim = call.returned;
    const what = (): string => `${lane.name}: ${call.do} returned ${shown(returned)}`;
    if (claim !== undefined && (returned === undefined || !claim.test(returned, undefined, () => undefined)))
      this.found.violation("returned", claim.rule, claim.id, claim.text, what());
    if (call.staysBlocked) this.found.violation("returned", call.rule, undefined, `${call.do} stays blocked`, what());
  }

  private returns(lane: Lane, value: Value): void {
    lane.returns.push(value);
    this.whole.memory.happened({ what: "returned", lane, value });
  }

  private event(event: string, thread: string): void {
    const { orders, memory } = this.whole;
    if (!orders.areJudged) return;
    orders.saw(event, thread, this.found.order);
    memory.happened({ what: "event", event, thread });
  }

  private *judgeThen(lane: Lane, claim: StateClaim): Exchange<void> {
    const values = yield* this.world.read(claim.compiled.reads);
    this.checkValues(claim.compiled.reads, values);
    const state = { now: (read: string) => values[read], before: () => undefined };
    for (const instance of this.whole.instancesIn(claim, values)) {
      const text = `${lane.name}: when ${lane.call?.do ?? "the call"} returns, ${instance.text}`;
      if (!instance.holds(state)) this.found.violation("then", claim.rule, claim.id, text, instance.complaints(state).join("; "));
    }
  }

  private notRepeatable(chosen: Transition): End {
    const { kind, objects } = chosen.does;
    const step = `${this.laneOf(chosen).name} announced ${kind} of ${objects.join(", ")}`;
    const what = `after the same ${this.taken.length} steps, ${step} in an earlier run and does not now`;
    this.found.violation("nondeterministic", undefined, undefined, "the same steps lead to the same state", what);
    return "misfit";
  }

  /** Everything is as it will stay: what is judged at the end. */
  private settle(values: Readonly<Record<string, Value>>): void {
    const { watch, orders, allReads, finals, ends } = this.whole;
    if (allReads.length > 0) {
      this.checkValues(allReads, values);
      watch.settled(values);
    }
    this.judgeStates();
    for (const claim of finals) watch.judge(claim, undefined, this.found.state);
    orders.ended(watch, this.found.order);
    if (!ends.areWanted) return;
    const bad = ends.came(this.world.lanes, values);
    if (bad !== undefined) this.found.violation("outcome", bad.claim.rule, bad.claim.id, bad.claim.text, bad.what);
  }

  private checkValues(asked: readonly string[], values: Readonly<Record<string, Value>>): void {
    for (const what of wrongValues(asked, values))
      this.found.violation("capability-lie", this.whole.plan.onlyRule, undefined, "reads show what they are declared to", what);
  }

  private judgeStates(): void {
    for (const claim of this.whole.states) this.whole.watch.judge(claim, undefined, this.found.state);
  }

  private laneOf({ thread }: Transition): Lane {
    const lane = this.world.lanes[thread];
    if (lane === undefined) throw new Misfit(`there is no thread ${thread} yet after ${this.taken.length} steps`);
    return lane;
  }
}

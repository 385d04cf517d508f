import type { CloseReply, Reply, Value } from "../../spec/generated/types";
import { answered, ask, Cannot, Crashed, doorHere, Overdue, type Exchange } from "../adapter/door";
import type { Exploration } from "./exploration";
import { Judged } from "./judged";
import type { Lane } from "./lane";
import { isAsked, repeat, undo } from "./repeat";
import { rowOf, type Row } from "./row";
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
  private readonly judged: Judged;
  private readonly world: World;
  private runs = 0;
  /** How far the run has come: its world is not open, or is not what the last one was; something must be asked; or how it ended. */
  private at: "unopened" | "differs" | "asks" | End = "unopened";
  /** Whether the last step was taken by whoever is here, or is still to be asked for. */
  private isTaken = false;

  constructor(
    private readonly whole: Exploration,
    private readonly paths: boolean,
  ) {
    this.taken = whole.memory.taken;
    this.found = new Violations(whole, this.taken);
    this.judged = new Judged(whole, this.found);
    const event = (name: string, thread: string): void => this.judged.event(name, thread);
    this.world = new World(whole, { event, report: (report) => this.found.report(report) }, paths);
  }

  /** Makes the next run. */
  *go(strategy: Strategy): Exchange<Ran> {
    return this.atOnce(strategy) ?? (yield* this.rest(strategy));
  }

  /**
   * Makes the next run up to what must be asked for in an exchange: whoever is in this process is asked
   * without one. Gives the run if that is all of it; or else `rest` makes what is left.
   */
  atOnce(strategy: Strategy): Ran | undefined {
    const { whole, world, judged } = this;
    const { prefix } = strategy;
    this.runs++;
    this.found.clear();
    this.at = "unopened";
    const here = this.here();
    if (here === undefined || prefix === undefined || !this.mayGoBack(prefix) || !isAsked(whole, this.runs)) return undefined;
    try {
      this.goBack(prefix);
      this.at = world.opened(here(world.askedAgain())) ? this.stride(strategy) : "differs";
      if (this.at === "asks" || this.at === "differs") return undefined;
      if (this.at === "complete") judged.end(world.lanes, world.reads.at(here, whole.allReads));
      return this.closed(here(world.closeRequest));
    } catch (error) {
      return this.failed(error);
    }
  }

  /** Makes what could not be made at once. */
  *rest(strategy: Strategy): Exchange<Ran> {
    const { whole, world, judged } = this;
    try {
      if (this.at === "unopened" || this.at === "differs") this.at = (yield* this.opened(strategy)) ?? this.stride(strategy);
      while (this.at === "asks") {
        yield* this.asked();
        this.at = this.stride(strategy);
      }
      if (this.at === "complete") judged.end(world.lanes, yield* world.reads.last(whole.allReads));
      const here = this.here();
      return this.closed(here === undefined ? yield world.closeRequest : here(world.closeRequest));
    } catch (error) {
      return this.failed(error);
    }
  }

  /** Whoever may be asked without an exchange, unless whoever holds the exchange is to have a turn. */
  private here(): ReturnType<typeof doorHere> {
    return this.runs % RUNS_A_TURN === 0 ? undefined : doorHere();
  }

  private closed(reply: Reply): Ran {
    const last = answered<CloseReply>(reply);
    this.whole.passed(last);
    this.found.closed(last);
    return this.ran(this.at as End);
  }

  private ran(end: End, reason?: string): Ran {
    return { end, taken: this.taken, violations: this.found.all, reason, trace: this.trace };
  }

  private failed(error: unknown): Ran {
    if (error instanceof Crashed) return this.ran("crashed", error.message);
    if (error instanceof Overdue) return this.overdue(error);
    if (error instanceof Misfit) return this.ran("misfit", error.message);
    if (error instanceof Cannot) return this.ran("cannot", error.message);
    throw error;
  }

  /** A call that neither returns nor says that it is blocked is stuck; anything else that is not answered is a crash. */
  private overdue({ request, message }: Overdue): Ran {
    if (request.op !== "call" && request.op !== "step") return this.ran("crashed", message);
    this.found.overdue(request.thread ?? "all threads", request.op === "call" ? request.do : "a step", message);
    return this.ran("stuck", message);
  }

  /** Whether this run can go back to where it parts from the last one, instead of being set up anew. */
  private mayGoBack(prefix: number): boolean {
    const { plan, sequences } = this.whole;
    return this.runs > 1 && plan.control === "step" && sequences === undefined && !this.world.blocked && prefix < this.taken.length;
  }

  private goBack(prefix: number): void {
    if (this.paths) this.trace.length = prefix;
    undo(this.whole, this.world, prefix);
  }

  /** Comes to where this run parts from the last, or to the start of the race; gives the end if it does not come so far. */
  private *opened({ prefix }: Strategy): Exchange<End | undefined> {
    const { whole, world } = this;
    if (this.at === "unopened") {
      if (prefix === undefined || !this.mayGoBack(prefix)) return yield* this.beginning();
      this.goBack(prefix);
      if (isAsked(whole, this.runs) && world.opened(yield* ask(world.askedAgain()))) return undefined;
    }
    const misfit = yield* repeat(whole, world);
    return misfit === undefined ? undefined : this.notRepeatable(misfit);
  }

  /** Comes to the start of the race. */
  private *beginning(): Exchange<End | undefined> {
    const { memory, watch, orders } = this.whole;
    memory.clear();
    watch.reset();
    orders.reset();
    this.trace.length = 0;
    yield* this.world.open();
    if (!(yield* this.setUp())) return "stuck";
    yield* this.start();
    return undefined;
  }

  /** Makes the calls before the race, one after the other. False if one of them is stuck. */
  private *setUp(): Exchange<boolean> {
    const { setUp } = this.whole.plan;
    if (setUp.length === 0) return true;
    const lane = this.world.aside(SET_UP, setUp);
    yield* this.begin(lane);
    while (lane.pending) {
      const next = lane.ready ? lane : this.world.lanes.find(({ pending, ready }) => pending && ready);
      if (next === undefined) break;
      yield* this.world.setsUp(next);
      if (this.world.whoIsBack !== undefined) yield* this.backs(next);
    }
    this.world.isSetUp();
    return (!lane.pending && !lane.blocked) || !this.found.stuck([lane, ...this.world.lanes]);
  }

  /** Before the first step: what claims see, and each thread's first call. */
  private *start(): Exchange<void> {
    const { plan, firstReads } = this.whole;
    this.judged.first(yield* this.world.reads.now(firstReads));
    const own = this.world.lanes.slice(0, plan.threads.length);
    for (const lane of own) if (lane.interrupts === undefined) yield* this.begin(lane);
    for (const lane of own) if (lane.interrupts !== undefined) yield* this.begin(lane);
  }

  /** Takes steps as the strategy says, for as long as nothing must be asked for in an exchange. */
  private stride(strategy: Strategy): End | "asks" {
    const { limits, watch } = this.whole;
    const { world, judged, taken } = this;
    const here = doorHere();
    for (;;) {
      const enabled = world.enabled.now();
      if (enabled.length === 0) {
        const waiting = world.whatWaits();
        strategy.ended?.(waiting);
        return (waiting.length > 0 || world.blocked) && this.found.stuck(world.lanes) ? "stuck" : "complete";
      }
      if (taken.length >= limits.steps) return "too long";
      const chosen = strategy.choose(taken.length, enabled, world.enabled);
      if (chosen === undefined) return "asleep";
      const lane = this.laneOf(chosen);
      if (!lane.canTake(chosen)) return this.notRepeatable(chosen);
      const { does } = chosen;
      taken.push(chosen);
      watch.stepped(does);
      this.isTaken = here !== undefined && does.kind !== "call";
      if (here === undefined || !this.isTaken) return "asks";
      const { path } = lane;
      world.take(lane, chosen, here.threads);
      if (does.visible.length > 0 || does.event !== undefined) this.saw(lane, does, world.reads.at(here, does.reads));
      if (this.paths) this.show(lane, chosen, path);
      if (world.whoIsBack === undefined) continue;
      if (!world.dismiss(lane)) return "asks";
      judged.returned(lane);
    }
  }

  /** Asks for what the last step needs that could not be done at once: to be taken, or another call to be begun. */
  private *asked(): Exchange<void> {
    const { world } = this;
    const chosen = this.taken.at(-1) as Transition;
    const { does } = chosen;
    const lane = this.laneOf(chosen);
    if (!this.isTaken) {
      const { path } = lane;
      yield* world.advance(lane, chosen);
      this.saw(lane, does, yield* world.reads.now(does.reads));
      if (this.paths) this.show(lane, chosen, path);
    }
    if (world.whoIsBack !== undefined) yield* this.backs(lane);
  }

  /** A step was taken; what claims look at shows this. */
  private saw({ name }: Lane, does: Footprint, values: Readonly<Record<string, Value>>): void {
    if (does.event !== undefined) this.judged.event(does.event, name);
    if (does.visible.length > 0) this.judged.step(does, values);
  }

  /** Keeps a step, taken on this path, as a report shows it. */
  private show(lane: Lane, chosen: Transition, path: readonly string[]): void {
    this.trace.push(rowOf(this.taken.length, lane, chosen, path, this.whole.watch.changed()));
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

  private *returned(lane: Lane): Exchange<void> {
    const { call } = lane;
    lane.back = false;
    if (call === undefined) return;
    if (lane.unsupported) {
      lane.unsupported = false;
      this.judged.lied(lane, call);
    } else {
      this.judged.returned(lane);
      if (call.then !== undefined && call.then.unseen === undefined)
        this.judged.then(lane, call.then, yield* this.world.reads.now(call.then.compiled.reads));
    }
    yield* this.begin(lane);
  }

  private notRepeatable(chosen: Transition): End {
    this.found.notRepeatable(this.laneOf(chosen).name, chosen);
    return "misfit";
  }

  private laneOf({ thread }: Transition): Lane {
    const lane = this.world.lanes[thread];
    if (lane === undefined) throw new Misfit(`there is no thread ${thread} yet after ${this.taken.length} steps`);
    return lane;
  }
}

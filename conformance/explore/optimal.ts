/**
 * Optimal DPOR (Abdulla, Aronis, Jonsson, Sagonas: source sets and wakeup trees): one run for each
 * Mazurkiewicz trace, and none that is given up half-way. E, the execution, is kept between runs; the
 * next run repeats what it begins with. docs/explorer.md draws an example.
 */
import type { Dependent, Transition } from "./footprint";
import { Execution } from "./optimal/execution";
import { interrupterAgainst, racesOfHandlers } from "./optimal/handlers";
import { racesOfAcquire } from "./optimal/locks";
import { pending, Races } from "./optimal/races";
import { Reversal } from "./optimal/reversal";
import { Sequence } from "./optimal/sequence";
import { SleepSets } from "./optimal/sleep";
import { isWait, NO_STEP, Role, sizeOf, Steps, THREADS } from "./optimal/steps";
import { below, insert, type Branch } from "./optimal/wakeup-tree";
import type { Strategy, There } from "./strategy";

/** Explores each trace once. */
export function optimal(dependent: Dependent): Strategy {
  return new Optimal(dependent);
}

/** The engine. Its parts can be reached so that fixtures/programs/mutants.ts can put a wrong one in place of one. */
export class Optimal implements Strategy {
  readonly name = "optimal";
  readonly complete = true;
  /** Why this exploration cannot be done here: a step that no rule is about, or a wait that might owe itself to any of several. */
  outside: string | undefined;
  readonly steps: Steps;
  readonly execution: Execution;
  readonly races: Races;
  readonly reversal: Reversal;
  readonly sleep: SleepSets;
  private readonly alternative: Sequence;
  /** For each prefix of E, what is to be explored from there besides what is under way; nothing of those that are longer. */
  readonly wakeup: Branch[][] = [[]];
  /** The threads that wait for what never came, once E is maximal: their steps. */
  private readonly waiting: number[] = [];
  private fresh = true;
  /** How many of the first steps of E stay as they are. */
  protected base = 0;

  constructor(dependent: Dependent) {
    this.steps = new Steps(dependent);
    this.execution = new Execution(this.steps);
    this.races = new Races(this.execution);
    this.reversal = new Reversal(this.execution, this.steps);
    this.alternative = new Sequence(this.execution, this.steps);
    this.sleep = new SleepSets(this.steps);
  }

  begin(): boolean {
    if (this.fresh) return !(this.fresh = false);
    return this.outside === undefined && this.backtrack();
  }

  get prefix(): number {
    return this.execution.length;
  }

  choose(depth: number, enabled: readonly Transition[], { threads, able }: There): Transition | undefined {
    const { steps, execution } = this;
    if (depth < execution.length) return steps.all[execution.step[depth] as number];
    if (threads !== execution.threads) this.welcome(threads);
    const branch = (this.wakeup[depth] as Branch[]).shift();
    const step = branch === undefined ? this.unplanned(depth, enabled, able) : this.planned(branch, enabled);
    if (step === NO_STEP || this.outside !== undefined) return undefined;
    this.races.close(execution.append(step, able));
    this.sleep.after(depth, step);
    const empty = (this.wakeup[depth + 1] ??= []);
    if (branch !== undefined) this.wakeup[depth + 1] = below(branch, empty);
    this.arrived(depth + 1);
    if ((steps.picks[step] as number) > 1) this.otherPicks(depth, step, enabled);
    return steps.all[step];
  }

  ended(waiting: readonly Transition[]): void {
    const { execution, races, steps } = this;
    // After the last step nothing was to be chosen: whom it started is new here.
    for (const { thread } of waiting) if (thread >= execution.threads) this.welcome(thread + 1);
    if (this.outside !== undefined) return;
    const top = races.length;
    for (const { thread, does, stack } of waiting) if (does.kind !== "start" || thread === stack) execution.unfinished |= 1 << thread;
    for (const transition of waiting) {
      const step = steps.of(transition);
      const thread = transition.thread;
      const row = execution.row(execution.before(thread));
      this.waiting[thread] = step;
      const role = steps.role[step];
      if (role === Role.Write || role === Role.Read) racesOfAcquire(races, execution, step, row, pending(thread));
      if (steps.isInterrupted(step) && (!isWait(role) || this.isUnderHandler(step)))
        racesOfHandlers(races, execution, step, row, pending(thread));
    }
    this.stopAtUnknown();
    for (let i = 0; i < races.length; i++) if (races.settled[i] === 0 && this.reverse(i)) races.settled[i] = 1;
    races.length = top;
    execution.unfinished = 0;
  }

  /** There are so many threads by now: those that are new were started by the newest event. */
  private welcome(threads: number): void {
    this.execution.welcome(threads);
    if (threads > THREADS) this.outside ??= `there are more than ${THREADS} threads`;
  }

  /** The first step of what the wakeup tree says. */
  private planned({ steps, at }: Branch, enabled: readonly Transition[]): number {
    const step = steps[at] as number;
    const planned = this.steps.all[step];
    for (const transition of enabled) if (transition === planned) return step;
    this.outside ??= "a step that was to come could not";
    return NO_STEP;
  }

  /** Whatever is awake: of the thread that took the last step if it can go on, or of the loneliest. */
  private unplanned(depth: number, enabled: readonly Transition[], able: number): number {
    let step = this.goingOn(depth, enabled, able);
    if (step === NO_STEP) step = this.loneliest(depth, enabled, able);
    this.stopAtUnknown();
    return step;
  }

  /** The next step of the thread that took the last, if it can go on and is awake. */
  private goingOn(depth: number, enabled: readonly Transition[], able: number): number {
    if (depth === 0) return NO_STEP;
    const current = this.execution.thread[depth - 1] as number;
    if (((able >>> current) & 1) === 0) return NO_STEP;
    for (const transition of enabled) {
      if (transition.thread !== current) continue;
      const step = this.steps.of(transition);
      if (!this.sleep.has(depth, step)) return step;
    }
    return NO_STEP;
  }

  /**
   * A step that is awake, of the thread that has raced with the fewest of those that can go on. So threads
   * that race with each other come late and together, and runs part late.
   */
  private loneliest(depth: number, enabled: readonly Transition[], able: number): number {
    let found = NO_STEP;
    let fewest = Infinity;
    for (const transition of enabled) {
      const partners = sizeOf(this.races.partners(transition.thread) & able);
      if (partners >= fewest) continue;
      const step = this.steps.of(transition);
      if (this.sleep.has(depth, step)) continue;
      if (partners === 0) return step;
      found = step;
      fewest = partners;
    }
    return found;
  }

  /** A step that no rule is about, whether it is to be taken or only waits, ends this way of exploring. */
  private stopAtUnknown(): void {
    if (this.steps.unknown !== undefined) this.outside ??= `no rule is about a step of kind ${this.steps.unknown}`;
  }

  /** E has become so long. */
  protected arrived(_depth: number): void {
    // What was explored from here before is known to whoever shares an exploration (parallel/share.ts).
  }

  /** A step that is a choice has as many branches as it has picks. */
  otherPicks(depth: number, step: number, enabled: readonly Transition[]): void {
    const { steps, execution, alternative } = this;
    const thread = steps.thread[step] as number;
    for (const transition of enabled) {
      const other = steps.of(transition);
      if (transition.thread !== thread || other === step) continue;
      alternative.begin();
      alternative.add(other, execution.row(execution.previous[depth] as number));
      alternative.end();
      this.plan(alternative, depth);
    }
  }

  /**
   * Plans to explore the race the other way round, if that was not and is not to be explored anyway. Gives
   * whether that is settled as long as both events stay, whatever else E comes to.
   */
  reverse(race: number): boolean {
    const { races, execution, reversal } = this;
    const first = races.first[race] as number;
    const second = races.second[race] as number;
    const step = second >= 0 ? execution.step[second] : this.waiting[pending(second)];
    if (!reversal.begin(first, second, step as number, races.immediate[race] === 1)) return false;
    if (this.sleep.has(first, step as number) && reversal.isInitial()) return true;
    const settled = reversal.make() && this.plan(reversal.v, first);
    if (reversal.unclear !== undefined) {
      const { does, thread } = this.steps.all[reversal.unclear] as Transition;
      this.outside ??= `thread ${thread} announced a wait (${does.kind}) that was over already`;
    }
    return settled;
  }

  /** Whether a handler stands on the stack of this pending step, so that it could be that it need not wait. */
  isUnderHandler(step: number): boolean {
    const { execution, steps } = this;
    const before = execution.before(steps.thread[step] as number);
    return interrupterAgainst(execution, step, before, execution.length, () => false) >= 0;
  }

  /** Plans v unless a sleeper covers it. Gives whether that is settled, whatever v is after the step that it was made for. */
  plan(v: Sequence, depth: number): boolean {
    const sleeper = this.sleep.covering(depth, v);
    if (sleeper !== NO_STEP) return v.hasEarly(this.steps.thread[sleeper] as number);
    this.insert(v, depth);
    return v.isSure;
  }

  /**
   * Inserts v into the wakeup tree of a prefix. Where nothing of it is planned yet, no more is planned
   * than the step that it was made for needs: what comes after is found again in an order of its own,
   * which may be a better one (`loneliest`). Gives whether it was inserted.
   */
  protected insert(v: Sequence, depth: number): boolean {
    const branches = this.wakeup[depth] as Branch[];
    return insert(v, branches, this.steps, () => {
      const needed = v.needed();
      if (this.wakesAll(needed, depth, branches)) return needed;
      v.isSure = false;
      return v.rest();
    });
  }

  /**
   * Whether by these steps alone all wake that sleep at a prefix, or will when it is their turn: or else what
   * is left out of v could be what makes it differ from what they lead to.
   */
  wakesAll(needed: readonly number[], depth: number, branches: readonly Branch[]): boolean {
    for (const { steps, at } of branches) if (!this.steps.dependsOnAny(steps[at] as number, needed)) return false;
    return this.sleep.areWokenBy(depth, needed);
  }

  /** Goes back to the longest prefix from which something is left to explore; false if there is none. */
  private backtrack(): boolean {
    const { execution, wakeup } = this;
    let depth = execution.length - 1;
    while (depth >= this.base && (wakeup[depth] as Branch[]).length === 0) depth--;
    if (depth < this.base) return false;
    this.sleep.explored(depth, execution.step[depth] as number);
    this.races.cut(depth);
    execution.cut(depth);
    return true;
  }
}

import type { Announcement, Standing, Value } from "../../spec/generated/types";
import type { ThreadHere } from "../adapter/door";
import type { PlannedCall, PlannedThread } from "../plan/plan";
import { isOf, type Footprints } from "./footprints";
import type { Footprint, Transition } from "./footprint";

/** The place of a lane that has none. */
export const NOWHERE = -1;

/** The index of a thread that is not explored. */
export const ASIDE = -1;

/** One thread during a run: where it stands, and what it could do next. */
export class Lane {
  /** The place of the current call among its calls; -1 before the first. */
  at = -1;
  /** It is inside a call and has announced a step. */
  pending = false;
  /** It said that its call is blocked; the return may come later. */
  blocked = false;
  ready = false;
  /** Its call has returned since it was last looked at. */
  back = false;
  returned: Value | undefined;
  unsupported = false;
  readonly returns: Value[] = [];
  path: readonly string[] = [];
  stack: number;
  /** Where among what is enabled its one transition is, or NOWHERE. */
  place = NOWHERE;
  /** What it could do next, one for each pick. */
  next: readonly Transition[] = [];
  /** The step that it announced last and did not take yet. */
  announced: Announcement | undefined;
  /** The thread itself, if it is in this process and was stepped. */
  here: ThreadHere | undefined;

  /** `born`: how many steps had been taken when it was started. */
  constructor(
    readonly name: string,
    readonly index: number,
    readonly calls: readonly PlannedCall[],
    readonly interrupts: PlannedThread["interrupts"],
    readonly born: number,
  ) {
    this.stack = index;
  }

  /** The call that it is in, or last made; undefined for a thread that the case did not start. */
  get call(): PlannedCall | undefined {
    return this.calls[this.at];
  }

  /** Whether this is what it could do next. */
  canTake(transition: Transition): boolean {
    return this.pending && this.ready && this.next[transition.pick] === transition;
  }

  /** Its last call has returned, and nothing is to be looked at after it. */
  get isDone(): boolean {
    const { call } = this;
    return this.back && !this.unsupported && call !== undefined && call.then === undefined && this.at + 1 >= this.calls.length;
  }

  /** Forgets the last run. */
  restart(): void {
    this.at = -1;
    this.pending = this.blocked = this.ready = this.back = this.unsupported = false;
    this.returned = this.announced = undefined;
    this.returns.length = 0;
    this.path = [];
    this.next = [];
    this.stack = this.index;
  }

  /** Stands elsewhere now, which it will be told. */
  replaced(): void {
    this.pending = this.ready = this.back = false;
  }

  /** Is as it was before it took a step: this is what it could do. */
  goBack(next: readonly Transition[]): void {
    this.next = next;
    this.announced = next[0]?.announced;
  }

  /** Takes over what the implementation says of it. */
  stands(standing: Standing, stack: number, footprints: Footprints): void {
    const { next } = standing;
    if (next === undefined) {
      this.back = this.pending || this.blocked;
      this.pending = this.blocked = false;
      this.announced = undefined;
      this.returned = standing.returned;
      if (standing.unsupported === true) this.unsupported = true;
      return;
    }
    this.pending = true;
    this.ready = standing.ready !== false;
    if (standing.path !== undefined) this.path = standing.path.slice();
    if (next === this.announced && stack === this.stack) return;
    this.announced = next;
    this.stack = stack;
    // Nobody holds against others what is not explored.
    if (this.index === ASIDE) return;
    const [known] = this.next;
    if (known === undefined) this.offer(footprints, footprints.of(next));
    else if (!this.recalls(known, next)) this.follow(known, next, footprints);
    (this.next[0] as Transition).announced = next;
  }

  /** Makes the transitions for its next step. */
  offer(footprints: Footprints, does: Footprint): void {
    this.next = footprints.transitions(does, this.index, this.stack, this.looks);
  }

  /** After the same step it mostly announces the very object that it announced in another run. */
  private recalls(known: Transition, next: Announcement): boolean {
    const { stack, looks } = this;
    for (const each of known.then) {
      const first = each[0] as Transition;
      if (first.announced !== next || first.stack !== stack || first.looks !== looks) continue;
      this.next = each;
      return true;
    }
    return false;
  }

  /** Or else an equal one; or one that it has not announced there yet. */
  private follow(known: Transition, next: Announcement, footprints: Footprints): void {
    if (this.offers(known, next)) return;
    for (const each of known.then)
      if (this.offers(each[0] as Transition, next)) {
        this.next = each;
        return;
      }
    this.offer(footprints, footprints.of(next));
    known.then.push(this.next);
  }

  private offers({ stack, looks, does }: Transition, next: Announcement): boolean {
    return stack === this.stack && looks === this.looks && isOf(does, next);
  }

  private get looks(): number {
    return this.call?.then?.id ?? -1;
  }
}

import type { Value } from "../../spec/generated/types";
import { bindingOf } from "../case/binding";
import type { Instance, State } from "../case/pattern";
import type { StateClaim } from "../plan/claims";
import type { Footprint, Transition } from "./footprint";

/** A claim that does not hold in the state just judged. */
export type Broken = (claim: StateClaim, instance: Instance) => void;

/** A read that showed something else before, or nothing; or an instance that was met. */
interface Undo {
  readonly steps: number;
  readonly read: string;
  readonly value: Value | undefined;
  readonly instance: { readonly of: Set<string>; readonly binding: string } | undefined;
}

/**
 * What claims can see during a run: the values of their reads as of the last step that showed them,
 * and one visible step earlier. Guarded data is seen as it was when its guard was last released.
 */
export class Watch implements State {
  /** Ids of the `sometimes`, and of the claims whose `if` applied, that any run has reached. */
  readonly reached = new Set<number>();
  /** Ids of the starred claims that had an instance in any run. */
  readonly instanced = new Set<number>();
  private readonly values = new Map<string, Value>();
  private readonly earlier = new Map<string, Value | undefined>();
  private readonly held = new Map<string, number>();
  private readonly bindings = new Map<StateClaim, Set<string>>();
  /** How to undo what was shown: what each read showed before, and which instances were met; each with how many steps had been taken. */
  private readonly undo: Undo[] = [];
  private steps = 0;

  constructor(private readonly claims: readonly StateClaim[]) {}

  /** Forgets the last run. */
  reset(): void {
    this.values.clear();
    this.earlier.clear();
    this.held.clear();
    this.bindings.clear();
    this.undo.length = this.steps = 0;
  }

  /** Forgets what came after the first steps of the last run, so many of all that it took. */
  back(steps: number, taken: readonly Transition[]): void {
    if (this.earlier.size > 0) this.earlier.clear();
    for (; this.steps > steps; this.steps--)
      for (const { lock, by } of (taken[this.steps - 1] as Transition).does.locks) this.held.set(lock, (this.held.get(lock) ?? 0) - by);
    for (let last = this.undo.at(-1); last !== undefined && last.steps > steps; last = this.undo.at(-1)) {
      if (last.instance !== undefined) last.instance.of.delete(last.instance.binding);
      else if (last.value === undefined) this.values.delete(last.read);
      else this.values.set(last.read, last.value);
      this.undo.pop();
    }
  }

  now(read: string): Value | undefined {
    return this.values.get(read);
  }

  before(read: string): Value | undefined {
    return this.earlier.has(read) ? this.earlier.get(read) : this.values.get(read);
  }

  /** A step was taken: what locks it took or gave back; what was seen before is one step older. */
  stepped(step: Footprint): void {
    this.steps++;
    if (this.earlier.size > 0) this.earlier.clear();
    for (const { lock, by } of step.locks) this.held.set(lock, (this.held.get(lock) ?? 0) + by);
  }

  /** Takes over what was read. */
  show(values: Readonly<Record<string, Value>>): void {
    for (const name in values) {
      const value = values[name];
      if (value === undefined) continue;
      const old = this.values.get(name);
      if (old === undefined) this.meet(name);
      this.earlier.set(name, old);
      this.undo.push({ steps: this.steps, read: name, value: old, instance: undefined });
      this.values.set(name, value);
    }
  }

  /** The run has come to its end: all is read once more. */
  settled(values: Readonly<Record<string, Value>>): void {
    this.earlier.clear();
    this.show(values);
  }

  /** The instances of a claim that are known in this run, all or the one bound. */
  instances(claim: StateClaim, binding: string | undefined): Iterable<string> {
    if (!claim.compiled.starred) return [""];
    return binding === undefined ? (this.bindings.get(claim) ?? []) : [binding];
  }

  /** The reads that the last step changed, with their new values. */
  changed(): [string, Value][] {
    return [...this.earlier.keys()].flatMap((name): [string, Value][] => {
      const value = this.values.get(name);
      return value === undefined || JSON.stringify(value) === JSON.stringify(this.earlier.get(name)) ? [] : [[name, value]];
    });
  }

  /** Judges one claim in this state, in one instance or in all that are known. */
  judge(claim: StateClaim, binding: string | undefined, broken: Broken): void {
    const { compiled } = claim;
    for (const lock of compiled.unlocked) if ((this.held.get(lock) ?? 0) > 0) return;
    if (!compiled.starred) this.judgeInstance(claim, compiled.at(""), broken);
    else for (const each of this.instances(claim, binding)) this.judgeInstance(claim, compiled.at(each), broken);
  }

  private judgeInstance(claim: StateClaim, instance: Instance, broken: Broken): void {
    if (claim.kind !== "finally") for (const read of instance.reads) if (!this.values.has(read)) return;
    if (claim.compiled.starred) this.instanced.add(claim.id);
    if (claim.kind === "sometimes") {
      if (!this.reached.has(claim.id) && instance.holds(this)) this.reached.add(claim.id);
      return;
    }
    if (!this.reached.has(claim.id) && instance.applies(this)) this.reached.add(claim.id);
    if (!instance.holds(this)) broken(claim, instance);
  }

  /** A read is known for the first time in this run: it may make an instance of a starred claim. */
  private meet(name: string): void {
    for (const claim of this.claims) {
      if (!claim.compiled.starred) continue;
      for (const read of claim.reads) {
        const binding = read.stars > 0 ? bindingOf(read.name, name) : undefined;
        if (binding === undefined) continue;
        let known = this.bindings.get(claim);
        if (known === undefined) this.bindings.set(claim, (known = new Set()));
        if (known.has(binding)) continue;
        known.add(binding);
        this.undo.push({ steps: this.steps, read: name, value: undefined, instance: { of: known, binding } });
      }
    }
  }
}

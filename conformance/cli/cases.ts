/** The cases of a run as work for a crew: each whole, or, when it takes long and somebody has nothing to do, in parts. */
import type { HelloReply } from "../../spec/generated/types";
import type { FiledCase, Spec } from "../case/spec";
import type { Came } from "../explore/parallel/part";
import type { Job } from "../explore/parallel/told";
import type { Work } from "../explore/parallel/trunk";
import type { Judged } from "../report/events";
import type { Progress, Standing } from "../report/progress";
import type { Judging } from "../verdict/judge";
import { Parts, type SavedParts } from "../verdict/parts";
import type { Verdict } from "../verdict/verdict";
import type { Keeper } from "./checkpoint";
import type { Source } from "./crew";
import { judgingOf, type Asking } from "./judging";
import { Died } from "./thread";

/** A case, or a part of it, as another thread is told of it; `alone`: it is not to be paused. */
export interface CaseTask {
  readonly adapter: string;
  readonly case: string;
  readonly asking: Asking;
  readonly job?: Job;
  readonly alone?: true;
}

/** What came of it, and the time that it took. */
export interface CaseSaid {
  readonly said: Verdict | Came;
  readonly seconds: number;
}

/** One case on its way to a verdict. */
interface Slot {
  readonly n: number;
  readonly what: FiledCase;
  seconds: number;
  parts: Parts | undefined;
  isBegun: boolean;
  isDone: boolean;
}

/** What is kept of a run that was cut short. */
export interface SavedCases {
  readonly verdicts: readonly Judged[];
  readonly parts: readonly { readonly case: string; readonly seconds: number; readonly saved: SavedParts }[];
}

type Known = readonly (readonly [number, Judged])[];

/** The cases of a run, in their order. */
export class Cases implements Source<CaseTask, CaseSaid, Judged> {
  readonly count: number;
  private readonly slots: readonly Slot[];
  /** Cases that were not begun, or that are to be judged again by one alone. */
  private readonly whole: CaseTask[] = [];
  private readonly works = new Map<CaseTask, Work>();
  private readonly verdicts: Judged[] = [];
  private readonly judging: Judging;

  constructor(
    cases: readonly FiledCase[],
    private readonly spec: Spec,
    private readonly hello: HelloReply,
    private readonly adapter: string,
    private readonly asking: Asking,
    saved: SavedCases = { verdicts: [], parts: [] },
    private readonly keeper?: Keeper<SavedCases>,
    private readonly progress?: Progress,
  ) {
    this.count = cases.length;
    this.judging = judgingOf(asking);
    this.slots = cases.map((what, n) => ({ n, what, seconds: 0, parts: undefined, isBegun: false, isDone: false }));
    for (const slot of this.slots) {
      const id = slot.what.case;
      const begun = saved.parts.find((each) => each.case === id);
      if (saved.verdicts.some((each) => each.case === id)) slot.isDone = true;
      else if (begun === undefined) this.whole.push(this.taskOf(slot));
      else {
        slot.parts = this.partsOf(slot, begun.saved);
        slot.isBegun = true;
        slot.seconds = begun.seconds;
      }
    }
    this.verdicts.push(...saved.verdicts);
  }

  /** The verdicts that were known from the start. */
  known(): Known {
    return this.verdicts.map((verdict) => [this.slots.findIndex(({ what }) => what.case === verdict.case), verdict]);
  }

  glance(pauseAll: () => void): void {
    this.keeper?.glance(() => this.save(), pauseAll);
    this.progress?.glance(() => this.standing(), pauseAll);
  }

  next(): CaseTask | undefined {
    for (const slot of this.slots) {
      const work = slot.parts?.next();
      if (work === undefined) continue;
      const task = { ...this.taskOf(slot), job: work.job };
      this.works.set(task, work);
      return task;
    }
    const task = this.whole.shift();
    if (task !== undefined) this.slotOf(task).isBegun = true;
    return task;
  }

  came(task: CaseTask, { said, seconds }: CaseSaid, isIdle: boolean): Known {
    const slot = this.slotOf(task);
    const work = this.works.get(task);
    this.works.delete(task);
    slot.seconds += seconds;
    if ("verdict" in said) return this.is(slot, said);
    // What was explored meanwhile of a case that is to be judged by one alone counts no more.
    if (slot.isDone || (task.job !== undefined && slot.parts === undefined)) return [];
    if (said.failed) {
      slot.parts = undefined;
      this.whole.unshift({ ...this.taskOf(slot), alone: true });
      return [];
    }
    const parts = (slot.parts ??= this.partsOf(slot));
    parts.came(work ?? this.begun(parts), said, isIdle);
    const { verdict } = parts;
    return verdict === undefined ? [] : this.is(slot, verdict);
  }

  /** A case that takes its thread with it has crashed. Anything else that is thrown is our mistake. */
  failed(task: CaseTask, error: unknown): Known {
    if (!(error instanceof Died)) throw error;
    const slot = this.slotOf(task);
    if (slot.isDone) return [];
    const { case: id, rules } = slot.what;
    const seen = { claims: 0, of: 0, rules: {}, unseen: [] };
    const nothing = { expected: false, seen, marks: [], nested: [], findings: [], how: undefined, failure: undefined };
    return this.is(slot, { case: id, rules, verdict: "crashed", reason: error.message, ...nothing });
  }

  /** What there is to go on from. */
  save(): SavedCases {
    const begun = this.slots.filter(({ parts, isDone }) => parts !== undefined && !isDone);
    const parts = begun.map(({ what, seconds, parts: each }) => ({ case: what.case, seconds, saved: (each as Parts).save() }));
    return { verdicts: this.verdicts, parts };
  }

  /** Of several cases under way, the first is told of: its verdict is waited for. */
  private standing(): Standing {
    const underWay = this.slots.filter(({ isBegun, isDone }) => isBegun && !isDone);
    const runs = [...this.verdicts.map(({ how }) => how?.runs ?? 0), ...underWay.map(({ parts }) => parts?.runs ?? 0)];
    const said = { judged: this.verdicts.length, of: this.count, runs: runs.reduce((sum, each) => sum + each, 0) };
    const [first] = underWay;
    if (first === undefined) return said;
    const { what, parts } = first;
    return { ...said, current: { name: what.case, ...(parts && { traces: parts.runs, estimate: parts.estimate }) } };
  }

  private is(slot: Slot, verdict: Verdict): Known {
    if (slot.isDone) return [];
    slot.isDone = true;
    slot.parts = undefined;
    const judged: Judged = { type: "verdict", ...verdict, seconds: slot.seconds };
    this.verdicts.push(judged);
    return [[slot.n, judged]];
  }

  private begun(parts: Parts): Work {
    const work = parts.next();
    if (work === undefined) throw new Error("what was just begun has nothing left");
    return work;
  }

  private partsOf({ what }: Slot, saved?: SavedParts): Parts {
    return new Parts(what, this.spec, this.hello, this.judging, saved);
  }

  private taskOf({ what }: Slot): CaseTask {
    return { adapter: this.adapter, case: what.case, asking: this.asking };
  }

  private slotOf(task: CaseTask): Slot {
    const slot = this.slots.find(({ what }) => what.case === task.case);
    if (slot === undefined) throw new Error(`${task.case} is not to be judged`);
    return slot;
  }
}

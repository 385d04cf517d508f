import type { Transition } from "./footprint";
import { NOWHERE, type Lane } from "./lane";
import type { There } from "./strategy";

/** Which threads can go on, and with what: found out once, and kept up to date as they move. */
export class Enabled implements There {
  able = 0;
  private readonly all: Transition[] = [];
  private isStale = true;

  constructor(private readonly lanes: readonly Lane[]) {}

  get threads(): number {
    return this.lanes.length;
  }

  /** What could be done next: a transition for each pick of each thread that can go on. Used again by the next call. */
  now(): readonly Transition[] {
    if (this.isStale) this.lookAgain();
    return this.all;
  }

  /** All may stand elsewhere. */
  forget(): void {
    this.isStale = true;
  }

  /** A thread stands elsewhere now: mostly it could go on and still can, and all else is as it was. */
  moved({ place, pending, ready, next }: Lane): void {
    if (place !== NOWHERE && pending && ready && next.length === 1) this.all[place] = next[0] as Transition;
    else this.isStale = true;
  }

  private lookAgain(): void {
    const { all, lanes } = this;
    this.isStale = false;
    this.able = 0;
    let found = 0;
    for (const lane of lanes) {
      lane.place = NOWHERE;
      if (!lane.pending || !lane.ready) continue;
      this.able |= 1 << lane.index;
      const { next } = lane;
      if (next.length === 1) lane.place = found;
      for (let pick = 0; pick < next.length; pick++) all[found++] = next[pick] as Transition;
    }
    while (all.length > found) all.pop();
  }
}

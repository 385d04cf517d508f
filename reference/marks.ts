import type { RuleId } from "../spec/generated/types";

/** The rules whose code was passed, each told once. */
export class Marks {
  private readonly told = new Map<RuleId, number>();
  private times = 0;
  private passed: RuleId[] = [];

  add(id: RuleId): void {
    if (this.told.get(id) === this.times) return;
    this.told.set(id, this.times);
    this.passed.push(id);
  }

  /** Those since this was last asked. The table stays: the next run passes most of them too. */
  take(): RuleId[] {
    const { passed } = this;
    this.times++;
    this.passed = [];
    return passed;
  }
}

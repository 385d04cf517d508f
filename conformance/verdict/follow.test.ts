import lockless from "../../fixtures/bugs/vcpuid/the-limit-is-set-without-the-lock-15a";
import { reference } from "../../reference/adapter";
import { create_vcpu } from "../../reference/kvm/create_vcpu";
import type { Kvm } from "../../reference/kvm/types";
import { original_of, type Ops, type Table, type Task } from "../../reference/task";
import { hello, spec } from "../../tools/shipped";
import { holdHere, type Door } from "../adapter/door";
import { judge, judgeAgain } from "./judge";
import type { Verdict } from "./verdict";

const CASE = spec.cases.get("vcpuid/the-limit-and-the-first-vcpu-cannot-both-win");
if (CASE === undefined) throw new Error("the case is not there");
const { ops } = lockless;

/** The model with the bug, and with these operations changed besides. */
function changed(create: Table): Door {
  return reference({ name: "changed", ops: { ...ops, create_vcpu: create } satisfies Ops });
}

/** The first vCPU's latch, by which it is that the failure goes. */
const latch = original_of(create_vcpu, "latch_default_limit");

const SAME = changed({});
/** It looks once more before. */
const LOOKS_TWICE = changed({
  *latch_default_limit(kvm: Kvm): Task<number> {
    yield kvm.limit.max_vcpu_ids.load;
    return yield* latch(kvm);
  },
});
/** So many steps are new that nothing is left of where the schedule changed over. */
const LOOKS_ON_AND_ON = changed({
  *latch_default_limit(kvm: Kvm): Task<number> {
    for (let n = 0; n < 20; n++) yield kvm.online_vcpus.load;
    return yield* latch(kvm);
  },
});
/** It does not look before it stores. */
const NEVER_LOOKS = changed({
  *latch_default_limit({ limit, config }: Kvm): Task<number> {
    yield limit.set;
    limit.max_vcpu_ids.now = config.max_vcpu_id;
    return config.max_vcpu_id;
  },
});

const FOUND = holdHere(judge(CASE, spec, hello, { shorten: 100 }), SAME).failure;
const SCHEDULE = FOUND?.schedule ?? "";
const [LETTERS = ""] = SCHEDULE.split(".");

function along(schedule: string, door: Door): Verdict {
  return holdHere(judgeAgain(CASE as NonNullable<typeof CASE>, spec, hello, schedule), door);
}

test("a schedule names each step up to the failure, and marks what was announced", () => {
  expect(LETTERS).toBe("01110");
  expect(SCHEDULE).toMatch(/^01110\.[\w-]{10}$/);
});

test("along its own schedule the failure is made 100 times of 100", () => {
  for (let time = 0; time < 100; time++) {
    const { verdict, failure, how } = along(SCHEDULE, SAME);
    expect({ verdict, violations: failure?.violations, schedule: failure?.schedule, diverged: how?.diverged }).toEqual({
      verdict: "broken",
      violations: FOUND?.violations,
      schedule: SCHEDULE,
      diverged: undefined,
    });
  }
});

test("after a step more in the model the failure is found along the old schedule, and where that did not fit", () => {
  const { verdict, failure, how } = along(SCHEDULE, LOOKS_TWICE);
  expect(verdict).toBe("broken");
  expect(failure?.violations[0]).toMatchObject({ text: FOUND?.violations[0].text, what: FOUND?.violations[0].what });
  expect(how?.diverged).toBe(
    "the schedule no longer fits after step 3: Create announced load of vm.max_vcpu_ids, the schedule had store of vm.max_vcpu_ids",
  );
});

test("the schedule that is printed then fits what there is now", () => {
  const { failure } = along(SCHEDULE, LOOKS_TWICE);
  expect(failure?.schedule).toMatch(/^011110\./);
  expect(along(failure?.schedule ?? "", LOOKS_TWICE)).toMatchObject({ verdict: "broken", failure: { violations: failure?.violations } });
  expect(along(failure?.schedule ?? "", LOOKS_TWICE).how?.diverged).toBeUndefined();
});

test("a schedule without marks replays, and a change goes unnoticed", () => {
  expect(along(LETTERS, SAME).failure?.violations).toEqual(FOUND?.violations);
  expect(along(LETTERS, LOOKS_TWICE).how?.diverged).toBeUndefined();
});

test("after a step less it is found too", () => {
  const { verdict, how } = along(SCHEDULE, NEVER_LOOKS);
  expect(verdict).toBe("broken");
  expect(how?.diverged).toMatch(
    /^the schedule no longer fits after step 2: Create announced store of .*, the schedule had one more before it$/,
  );
});

test("where too much has changed, it is said where, and that nothing was found", () => {
  const { verdict, reason, how } = along(SCHEDULE, LOOKS_ON_AND_ON);
  expect(verdict).toBe("unfinished");
  expect(how?.diverged).toBe(
    "the schedule no longer fits after step 2: Create announced load of vm.online_vcpus, the schedule had another step",
  );
  expect(reason).toBe(`${how?.diverged ?? ""}; what is left of it shows no failure`);
});

test("a mended model is not accused along the old schedule", () => {
  expect(along(SCHEDULE, reference()).verdict).not.toBe("broken");
});

test("whoever cannot go on is passed over, and that is said", () => {
  const { verdict, reason } = along("9", reference());
  expect(verdict).toBe("unfinished");
  expect(reason).toBe("the schedule no longer fits after step 0: thread 9 cannot go on there; what is left of it shows no failure");
});

/** The shipped cases and who the reference says that it is: for tests that go through all of them. And programs, planned like cases. */
import { loadSpec } from "../conformance/case/load";
import { packageRoot } from "../conformance/case/root";
import type { FiledCase } from "../conformance/case/spec";
import { plan, type Plan } from "../conformance/plan/plan";
import { caseOf, helloOf, specOf, type Program } from "../fixtures/programs/program";
import { reference } from "../reference/adapter";
import type { HelloReply } from "../spec/generated/types";

export const { spec } = loadSpec(packageRoot());

export const hello = reference()({ op: "hello", protocol: 1, runner: "test" }) as HelloReply;

/** Each case with its id before it, as `test.each` wants them. */
export const cases: readonly (readonly [string, FiledCase])[] = [...spec.cases];

/** Those with threads that race. */
export const concurrent = cases.filter(([, each]) => Object.keys(each.threads ?? {}).length > 1);

/** The plan of a case for the reference, which can be asked everything. */
export function planned(what: FiledCase): Plan {
  const made = plan(what, spec, hello);
  if ("verdict" in made) throw new Error(`${what.case} cannot be asked of the reference: ${made.reason}`);
  return made;
}

/** The plan of a program of fixtures/programs/ for its own door. */
export function plannedProgram(program: Program): Plan {
  const made = plan(caseOf(program), specOf(program), helloOf(program));
  if ("verdict" in made) throw new Error(made.reason);
  return made;
}

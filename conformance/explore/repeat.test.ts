/** A run begins where the last one parted from it, and comes to what it would have come to from the start. */
import { holdHere, type Door } from "../adapter/door";
import { doorOf, type Program } from "../../fixtures/programs/program";
import { runnable } from "../../fixtures/programs/random";
import { randomCode } from "../../fixtures/programs/random-code";
import { numbers } from "./numbers";
import { crossed, get, readers, set, writers } from "../../fixtures/programs/small";
import { Cell } from "../../reference/task";
import { plannedProgram } from "../../tools/shipped";
import { explore, type Explored } from "./explore";
import { optimal } from "./optimal";

const LIMITS = { runs: 3_000, steps: 400 };

function explored(program: Program, door: Door, sequences = false, again = true): Explored {
  const plan = { ...plannedProgram(program), again };
  return holdHere(explore(plan, { strategy: optimal, limits: LIMITS, record: true, sequences }), door);
}

function summary({ runs, redundant, steps, deadlocks, whole, violations }: Explored) {
  const broken = [...new Set(violations.map(({ text, what }) => `${text}: ${what}`))].sort();
  return { runs, redundant, steps, deadlocks, ends: [...whole.ends.all].sort(), reached: whole.watch.reached, broken };
}

const RANDOM = Array.from({ length: 25 }, (_, i) => runnable(randomCode(numbers(4_000 + i))).program);

test.each([crossed, readers(4), writers(4), ...RANDOM].map((program, i) => [i, program] as const))(
  "to go back comes to what a start anew does, by itself or step by step (%#)",
  (_, program) => {
    const anew = summary(explored(program, doorOf(program), true));
    expect(summary(explored(program, doorOf(program)))).toEqual(anew);
    expect(summary(explored(program, doorOf(program), false, false))).toEqual(anew);
  },
);

test("a door that goes back too far, when it is to come there by itself, is found", () => {
  const door = doorOf(readers(4));
  const lying: Door = (request) =>
    door(request.op === "open" && request.again !== undefined ? { ...request, again: request.again - 1 } : request);
  expect(explored(readers(4), lying)).toMatchObject({ stopped: { why: "misfit" } });
});

test("a door that says that it cannot come there is told step by step", () => {
  const door = doorOf(readers(4));
  const modest: Door = (request) => (request.op === "open" && request.again !== undefined ? { differs: true } : door(request));
  expect(summary(explored(readers(4), modest))).toEqual(summary(explored(readers(4), door)));
});

test("a model whose world is not what it was says so when it is to come there by itself", () => {
  let name = "x";
  const program: Program = {
    ...readers(4),
    world: () => {
      const x = new Cell(name, 0);
      return { calls: { "toy.write": () => set(x, 1), "toy.read": () => get(x) }, reads: {} };
    },
  };
  const door = doorOf(program);
  const replies: string[] = [];
  const heard: Door = (request) => {
    if (request.op === "open" && request.again !== undefined) name = "y";
    const reply = door(request);
    if (request.op === "open" && "differs" in reply) replies.push("differs");
    return reply;
  };
  expect(explored(program, heard)).toMatchObject({ stopped: { why: "misfit" } });
  expect(replies).toEqual(["differs"]);
});

/** A run begins where the last one parted from it, and comes to what it would have come to from the start. */
import { holdHere, type Door, type ThreadHere, type ThreadsHere } from "../adapter/door";
import { doorOf, type Program } from "../../fixtures/programs/program";
import { runnable } from "../../fixtures/programs/random";
import { randomCode } from "../../fixtures/programs/random-code";
import { numbers } from "./numbers";
import { crossed, get, readers, set, writers } from "../../fixtures/programs/small";
import { Cell } from "../../reference/task";
import { plannedProgram } from "../../tools/shipped";
import type { Report } from "../../spec/generated/types";
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
    expect(summary(explored(program, byMessages(doorOf(program))))).toEqual(anew);
  },
);

/** The same door, told of each step. */
function byMessages(door: Door): Door {
  return (request) => door(request);
}

/** The same door, whose threads are stepped as those of that one. */
function stepped(door: Door, { threads }: Door): Door {
  return Object.assign(byMessages(door), { threads });
}

/** The same door, with another way to take a step. */
function taking(door: Door, take: (threads: ThreadsHere) => ThreadsHere["take"]): Door {
  const { threads } = door;
  if (threads === undefined) throw new Error("its threads cannot be stepped without messages");
  const of = (name: string): ThreadHere => threads.of(name);
  const reports = (): readonly Report[] => threads.reports();
  return Object.assign(byMessages(door), { threads: { of, reports, take: take(threads) } });
}

test("who is stepped without a message says who else stands elsewhere: without that, whoever waits is not seen to go on", () => {
  const all = taking(doorOf(crossed), (threads) => (thread, pick) => threads.take(thread, pick));
  expect(summary(explored(crossed, all))).toEqual(summary(explored(crossed, doorOf(crossed))));
  const nobody = taking(doorOf(crossed), (threads) => (thread, pick) => {
    threads.take(thread, pick);
    return [];
  });
  expect(summary(explored(crossed, nobody))).not.toEqual(summary(explored(crossed, doorOf(crossed))));
});

test("what a step throws that is taken without a message is a crash, in its own words", () => {
  const broken = taking(doorOf(readers(4)), () => () => {
    throw new Error("the model fell over");
  });
  const { stopped } = explored(readers(4), broken);
  expect(stopped).toMatchObject({ why: "crashed", what: expect.stringContaining("the model fell over") as string });
});

test("a door that goes back too far, when it is to come there by itself, is found", () => {
  const door = doorOf(readers(4));
  const lying: Door = (request) =>
    door(request.op === "open" && request.again !== undefined ? { ...request, again: request.again - 1 } : request);
  expect(explored(readers(4), lying)).toMatchObject({ stopped: { why: "misfit" } });
  expect(explored(readers(4), stepped(lying, door))).toMatchObject({ stopped: { why: "misfit" } });
});

test("a door that says that it cannot come there is told step by step", () => {
  const door = doorOf(readers(4));
  const modest: Door = (request) => (request.op === "open" && request.again !== undefined ? { differs: true } : door(request));
  const anew = summary(explored(readers(4), door));
  expect(summary(explored(readers(4), modest))).toEqual(anew);
  expect(summary(explored(readers(4), stepped(modest, door)))).toEqual(anew);
});

test.each([true, false])("a model whose world is not what it was says so when it is to come there by itself (at once: %s)", (atOnce) => {
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
  expect(explored(program, atOnce ? stepped(heard, door) : heard)).toMatchObject({ stopped: { why: "misfit" } });
  expect(replies).toEqual(["differs"]);
});

/** The bench that an implementation sits on: it says hello once, then is judged case by case. */
import type { HelloReply } from "../../spec/generated/types";
import { answered, safely, turnHere, type Door, type Exchange } from "../adapter/door";
import type { Remote } from "../adapter/remote";
import { caseIn, type FiledCase, type Spec } from "../case/spec";
import { judgeOver, type Asked } from "../verdict/blame";
import type { Came } from "../explore/parallel/part";
import type { Job } from "../explore/parallel/told";
import { judge, judgeAgain, type Judging } from "../verdict/judge";
import { judgePart, judgeUntil, type Pause } from "../verdict/parts";
import type { Verdict } from "../verdict/verdict";
import type { CaseSaid, CaseTask } from "./cases";
import { judgingOf } from "./judging";
import { reach } from "./specifier";
import { Interrupted, type Stopper } from "./stop";

/** Somebody to judge. Cases are judged one at a time. */
export type Bench = BenchHere | BenchOver;

/** One that answers in this process: others can ask one of their own at the same time, and what is asked can be paused. */
interface BenchHere extends Judges {
  readonly isHere: true;
  judgeUntil(what: FiledCase, options: Judging, pause: Pause): Promise<Verdict | Came>;
  part(what: FiledCase, options: Judging, job: Job, pause: Pause): Promise<Came>;
}

interface BenchOver extends Judges {
  readonly isHere: false;
}

interface Judges {
  readonly hello: HelloReply;
  judge(what: FiledCase, options?: Judging): Promise<Verdict>;
  /** Judges one run under this schedule. */
  replay(what: FiledCase, schedule: string, options?: Judging): Promise<Verdict>;
  end(): Promise<void>;
  /** How often it died or had to be ended before `end`. */
  died(): number;
}

/** How long requests are answered before the event loop gets its turn, and after how many of them it is looked at the clock. */
const TURN_MS = 20;
const GLANCE = 4;

/** Reaches what a specifier names and says hello to it; `patience` multiplies every deadline. */
export async function openBench(specifier: string, spec: Spec, stopper: Stopper, patience = 1): Promise<Bench> {
  const reached = reach(specifier);
  return reached.in === "process"
    ? benchHere(safely(reached.open()), spec, stopper)
    : benchOver(await reached.start(patience), spec, stopper);
}

/** Throws Crashed if there is no greeting. */
function benchHere(door: Door, spec: Spec, stopper: Stopper): Bench {
  const hello = answered<HelloReply>(door({ op: "hello", protocol: 1, runner: "kvm-conform" }));
  const hold = <T>(exchange: Exchange<T>): Promise<T> => holdInTurns(exchange, door, stopper);
  return {
    isHere: true,
    hello,
    judge: (what, options) => hold(judge(what, spec, hello, options)),
    judgeUntil: (what, options, pause) => hold(judgeUntil(what, spec, hello, options, pause)),
    part: (what, options, job, pause) => hold(judgePart(what, spec, hello, options, job, pause)),
    replay: (what, schedule, options) => hold(judgeAgain(what, spec, hello, schedule, options)),
    end: () => Promise.resolve(),
    died: () => 0,
  };
}

/** Throws Crashed or Overdue if there is no greeting. */
async function benchOver(remote: Remote, spec: Spec, stopper: Stopper): Promise<Bench> {
  const hello = await remote.hello();
  const asked: Asked = {
    ask: (request) => (stopper.stopped ? Promise.reject(new Interrupted("stopped")) : remote.ask(request)),
    isRunning: () => remote.isRunning(),
    hasGivenUp: () => remote.hasGivenUp(),
  };
  return {
    isHere: false,
    hello,
    judge: (what, options) => judgeOver(asked, () => judge(what, spec, hello, options)),
    replay: (what, schedule, options) => judgeOver(asked, () => judgeAgain(what, spec, hello, schedule, options)),
    end: () => remote.end(),
    died: () => remote.died(),
  };
}

/** Does a piece of work, and takes its time. */
export async function saidOn(bench: Bench, spec: Spec, { case: id, asking, job, alone }: CaseTask, pause: Pause): Promise<CaseSaid> {
  const what = caseIn(spec, id);
  if (what === undefined) throw new Error(`the spec has no case ${id} any more`);
  const started = performance.now();
  const judging = judgingOf(asking);
  let said: Verdict | Came;
  if (!bench.isHere || alone === true) said = await bench.judge(what, judging);
  else said = await (job === undefined ? bench.judgeUntil(what, judging, pause) : bench.part(what, judging, job, pause));
  return { said, seconds: (performance.now() - started) / 1000 };
}

/** Holds an exchange in this process, and lets signals in before it and while it lasts. */
export async function holdInTurns<T>(exchange: Exchange<T>, door: Door, stopper: Stopper): Promise<T> {
  let turn = turnHere(exchange, door);
  let last = -Infinity;
  for (let n = 0; turn.done !== true; n++) {
    if (n % GLANCE === 0 && performance.now() - last > TURN_MS) {
      await new Promise<void>((resume) => void setImmediate(resume));
      last = performance.now();
    }
    if (stopper.stopped) throw new Interrupted("stopped");
    turn = turnHere(exchange, door, door(turn.value));
  }
  return turn.value;
}

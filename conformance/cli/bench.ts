/** The bench that an implementation sits on: it says hello once, then is judged case by case. */
import type { HelloReply } from "../../spec/generated/types";
import { answered, safely, type Door, type Exchange } from "../adapter/door";
import type { Remote } from "../adapter/remote";
import type { FiledCase, Spec } from "../case/spec";
import { judgeOver, type Asked } from "../verdict/blame";
import type { Judged } from "../report/events";
import { judge, judgeAgain, type Judging } from "../verdict/judge";
import type { Verdict } from "../verdict/verdict";
import { reach } from "./specifier";
import { Interrupted, type Stopper } from "./stop";

/** Somebody to judge. Cases are judged one at a time. */
export interface Bench {
  /** It answers in this process, so that other threads can ask one of their own. */
  readonly isHere: boolean;
  readonly hello: HelloReply;
  judge(what: FiledCase, options?: Judging): Promise<Verdict>;
  /** Judges one run under this schedule. */
  replay(what: FiledCase, schedule: string, options?: Judging): Promise<Verdict>;
  end(): Promise<void>;
  /** How often it died or had to be ended before `end`. */
  died(): number;
}

/** How many requests are answered before the event loop gets its turn: some milliseconds' worth. */
const TURN = 1 << 14;

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

/** One verdict with the time it took. */
export async function judgedOn(bench: Bench, what: FiledCase, options: Judging): Promise<Judged> {
  const started = performance.now();
  const verdict = await bench.judge(what, options);
  return { type: "verdict", ...verdict, seconds: (performance.now() - started) / 1000 };
}

/** Holds an exchange in this process, and lets signals in before it and while it lasts. */
async function holdInTurns<T>(exchange: Exchange<T>, door: Door, stopper: Stopper): Promise<T> {
  let turn = exchange.next();
  for (let n = 0; turn.done !== true; n++) {
    if (n % TURN === 0) await new Promise<void>((resume) => void setImmediate(resume));
    if (stopper.stopped) throw new Interrupted("stopped");
    turn = exchange.next(door(turn.value));
  }
  return turn.value;
}

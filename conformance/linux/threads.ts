/** The agent's threads for those of a case. A call that cannot return yet is one whose thread sleeps in KVM. */
import type { CallReply, Value } from "../../spec/generated/types";
import type { Agent } from "./agent/agent";
import { readFile } from "./world/proc";
import { SYS } from "./uapi/ioctl";
import { Script, type From } from "./world/script";

type Standings = NonNullable<CallReply["threads"]>;

/** A call that is on its way. */
interface Underway {
  /** The vCPU that it is made on, if any. */
  readonly vcpu: number | undefined;
  readonly returned: Promise<void>;
  value: Value | undefined;
  failed: unknown;
}

interface Lane {
  readonly number: number;
  readonly tid: bigint;
  call: Underway | undefined;
}

/** How long a call is waited for, at first and at most, before its thread is looked at; in milliseconds. */
const [FIRST_LOOK, LAST_LOOK] = [2, 50];
/** How long a call that was kicked may take to return. */
const FAREWELL = 1_000;
/** Where in the kernel a thread sleeps that will not go on by itself: in a halted vCPU, or waiting for somebody who is. */
const WAITS = new Set(["kvm_vcpu_block", "kvm_vcpu_ioctl"]);

export class Threads {
  private readonly lanes = new Map<string, Lane>();

  constructor(private readonly agent: Agent) {}

  /** The thread of the case that a thread of the kernel's is. */
  nameOf(tid: number): string | undefined {
    return [...this.lanes].find(([, lane]) => Number(lane.tid) === tid)?.[0];
  }

  /** Somebody's call has not returned. */
  anyBlocked(): boolean {
    return [...this.lanes.values()].some(({ call }) => call !== undefined);
  }

  /** The vCPUs that are held by calls which have not returned. */
  heldVcpus(): readonly number[] {
    return [...this.lanes.values()].flatMap(({ call }) => (call?.vcpu === undefined ? [] : [call.vcpu]));
  }

  /** Makes a call on a thread's own; undefined if it is blocked. */
  async call(thread: string, script: Script, answer: From<Value>, vcpu: number | undefined): Promise<Value | undefined> {
    const lane = await this.lane(thread);
    const returned = this.agent.run(script.program, lane.number).then(
      (results) => void (call.value = answer(results)),
      (error: unknown) => void (call.failed = error),
    );
    const call: Underway = { vcpu, returned, value: undefined, failed: undefined };
    lane.call = call;
    return this.settled(lane, call);
  }

  /** Who has returned since, and what: each thread that was blocked is waited for until it is back, or sleeps again. */
  async late(): Promise<Standings> {
    const standings: Standings = {};
    for (const [name, lane] of this.lanes) {
      if (lane.call === undefined) continue;
      const value = await this.settled(lane, lane.call);
      if (value !== undefined) standings[name] = { returned: value };
    }
    return standings;
  }

  /** Kicks those who are still out; gives the names of those who do not come back for it. */
  async end(): Promise<string[]> {
    const stuck: string[] = [];
    for (const [name, { number, call }] of this.lanes) {
      if (call === undefined) continue;
      this.agent.kick(number);
      if (!(await within(FAREWELL, call.returned))) stuck.push(`thread ${name} is still in its call`);
    }
    for (const lane of this.lanes.values()) lane.call = undefined;
    return stuck;
  }

  private async settled(lane: Lane, call: Underway): Promise<Value | undefined> {
    for (let look = FIRST_LOOK; !(await within(look, call.returned)); look = Math.min(2 * look, LAST_LOOK))
      if ((await this.waits(lane)) && !(await within(look, call.returned)) && (await this.waits(lane))) break;
    // The answer may have come while we looked.
    if (!(await within(0, call.returned))) return undefined;
    lane.call = undefined;
    if (call.failed !== undefined) throw call.failed as Error;
    return call.value;
  }

  private async waits({ tid }: Lane): Promise<boolean> {
    const script = new Script();
    const where = readFile(script, `/proc/self/task/${tid}/wchan`);
    return WAITS.has(where(await this.agent.run(script.program)) ?? "");
  }

  private async lane(thread: string): Promise<Lane> {
    const known = this.lanes.get(thread);
    if (known !== undefined) return known;
    const number = this.lanes.size + 1;
    const script = new Script();
    const tid = script.syscall(SYS.gettid, []);
    const lane: Lane = { number, tid: tid(await this.agent.run(script.program, number)), call: undefined };
    this.lanes.set(thread, lane);
    return lane;
  }
}

/** Whether something happens within so many milliseconds. */
async function within(milliseconds: number, what: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, milliseconds, false)));
  const first = await Promise.race([what.then(() => true), late]);
  clearTimeout(timer);
  return first;
}

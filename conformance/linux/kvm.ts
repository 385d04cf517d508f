/** The adapter for KVM: the six words, asked of a kernel through an agent. */
import type {
  CallName,
  CallReply,
  CallRequest,
  CloseReply,
  HelloReply,
  Open,
  OpenReply,
  RaceReply,
  ReadPattern,
  ReadReply,
  Reply,
  Request,
  Value,
} from "../../spec/generated/types";
import { Crashed, Overdue } from "../adapter/door";
import type { Remote } from "../adapter/remote";
import { declaredAs } from "../case/names";
import { inTime } from "./agent/agent";
import { connect, type Connected, type Source } from "./connect";
import { takeReads, type Args, type AskedRead } from "./world/calls";
import type { Watcher } from "./trace/kernel-locks";
import { openWorld, whyNot } from "./world/opening";
import { QueuedRace } from "./race";
import { Script, type From } from "./world/script";
import { Threads } from "./threads";
import type { World } from "./world/world";

/** The world that is open. */
interface Opened {
  readonly world: World;
  readonly race: QueuedRace | undefined;
  readonly threads: Threads;
  /** Fails if it is not what was asked for. */
  readonly ready: Promise<void>;
  /** Who tells of events, if they are asked for, and of the order of locks. */
  readonly watcher: Watcher | undefined;
}

/** Calls that return only when somebody else does something. */
const MAY_WAIT: ReadonlySet<string> = new Set<CallName>(["guest.hlt"]);
/** A call that can only be made alone. */
const ALONE: ReadonlySet<string> = new Set<CallName>(["vmm.xen_take_upcall"]);

const NOTHING: Promise<readonly string[]> = Promise.resolve([]);

/** KVM as somebody who is asked. Each world is a VM of its own. */
export class Kvm implements Remote {
  private connected: Connected | undefined;
  private opened: Opened | undefined;
  private deaths = 0;
  /** What could not be closed of the world before, if that is not known yet. */
  private closing = NOTHING;
  /** Requests are answered one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly source: Source) {}

  isRunning(): boolean {
    return this.connected !== undefined && this.connected.agent.died() === undefined;
  }

  died(): number {
    return this.deaths;
  }

  hasGivenUp(): boolean {
    return !this.isRunning() && this.deaths > this.source.restarts;
  }

  async hello(): Promise<HelloReply> {
    const { agent, probed, vocabulary, inside } = await this.connect();
    return {
      protocol: 1,
      name: `${this.source.name} (${agent.uname})`,
      version: agent.uname,
      kind: "kvm",
      ...(probed.version !== undefined && { kernel: `v${probed.version}` }),
      traits: [this.source.ours ? "qemu" : "here", ...probed.traits],
      control: "free",
      features: [...probed.features],
      absent: { ...probed.absent },
      ...(inside !== undefined && { events: [...inside.events] }),
      ...(inside !== undefined && inside.events.length > 0 && { checks: ["lock-order"] }),
      calls: [...vocabulary.calls.keys()],
      reads: [...new Set([...vocabulary.reads.keys(), ...(inside?.reads ?? [])])],
      limits: { ...probed.limits },
    };
  }

  readonly ask = (request: Request): Promise<Reply> => {
    const reply = this.turn.then(() => this.answerInTime(request));
    this.turn = reply.catch(() => undefined);
    return reply;
  };

  async end(): Promise<void> {
    await this.turn;
    await this.connected?.agent.end();
    this.connected = undefined;
  }

  /** Throws Overdue at the deadline, which is also the end of the agent: nobody knows what it is doing. */
  private async answerInTime(request: Request): Promise<Reply> {
    await this.makeReady(request);
    const { deadline } = this.source;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => fail(new Overdue(request, deadline)), deadline);
    });
    try {
      return await Promise.race([this.answer(request), late]);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!(error instanceof Overdue || error instanceof Crashed)) return { error: error.stack ?? error.message };
      this.down(error.message);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What a request needs that takes its time the first time, and has a patience of its own. */
  private async makeReady({ op, ...request }: Request): Promise<void> {
    if (op !== "hello" && op !== "open") return;
    const { agent, inside } = await this.connect();
    if (inside === undefined || op === "hello" || ("repeat" in request && request.repeat !== undefined)) return;
    try {
      await inTime(agent, this.source.patience, "made ready to be traced", inside.trace());
    } catch (error) {
      if (error instanceof Crashed) this.down(error.message);
      throw error;
    }
  }

  private down(why: string): void {
    if (this.connected === undefined) return;
    this.deaths++;
    this.connected.agent.kill(why);
    this.connected = this.opened = undefined;
    this.closing = NOTHING;
  }

  /** Throws Crashed if there is no agent to be had. */
  private async connect(): Promise<Connected> {
    if (this.connected !== undefined) return this.connected;
    if (this.hasGivenUp()) throw new Crashed(`it died ${this.deaths} times, and is not started again`);
    try {
      return (this.connected = await connect(this.source));
    } catch (error) {
      this.deaths++;
      throw error;
    }
  }

  private async answer(request: Request): Promise<Reply> {
    switch (request.op) {
      case "hello":
        return this.hello();
      case "open":
        return this.open(request);
      case "call":
        return this.call(request);
      case "step":
        return this.race(request.reads ?? []);
      case "read":
        return this.read(request.names);
      case "close":
        return this.close();
    }
  }

  private async open({ given, faults, events, repeat, seed = 0 }: Open): Promise<OpenReply> {
    const { agent, probed, inside } = await this.connect();
    if (this.opened !== undefined) await this.close();
    const cannot = faults === undefined ? whyNot(given, probed) : "no allocation of the kernel's can be made to fail from outside";
    if (cannot !== undefined) return { cannot };
    const world = openWorld(probed.kvm, given, repeat !== undefined);
    const race = repeat === undefined ? undefined : new QueuedRace(world, repeat, seed);
    const ready = race === undefined ? agent.run(world.opening.program).then(world.opened) : Promise.resolve();
    // Whoever asks next is told.
    ready.catch(() => undefined);
    // The order of locks is looked at in every call, whatever a case claims; in a race nobody could tell the worlds apart.
    const looks = race === undefined && inside !== undefined;
    const watcher = looks ? await ready.then(() => inside.watch(world, events === true)) : undefined;
    this.opened = { world, race, threads: new Threads(agent), ready, watcher };
    return {};
  }

  private async call({ thread, do: name, args }: CallRequest): Promise<CallReply> {
    const { vocabulary, world, race, threads, watcher } = this.inWorld();
    const make = vocabulary.calls.get(name as CallName);
    if (make === undefined || (race !== undefined && ALONE.has(name))) return { unsupported: true };
    if (race !== undefined) {
      race.queue(thread, make, args);
      return { queued: true };
    }
    // Calls on one thread of the agent's come one after the other.
    if (!threads.anyBlocked()) world.freeRoom();
    const script = new Script();
    const answer = make(script, world, args);
    await watcher?.start(name);
    const reply =
      MAY_WAIT.has(name) || threads.anyBlocked() ? await this.callAside(thread, script, answer, args) : await this.callHere(script, answer);
    const told = await watcher?.stop((tid) => threads.nameOf(tid) ?? thread);
    return {
      ...reply,
      ...(told !== undefined && told.events.length > 0 && { events: told.events }),
      ...(told !== undefined && told.reports.length > 0 && { reports: told.reports }),
    };
  }

  /** Makes a call that comes back by itself. */
  private async callHere(script: Script, answer: From<Value>): Promise<CallReply> {
    const { agent, ready } = this.inWorld();
    const results = agent.run(script.program);
    await ready;
    return { returned: answer(await results) };
  }

  /** Makes a call that may have to wait; its return may let others go on. */
  private async callAside(thread: string, script: Script, answer: From<Value>, { vcpu }: Args): Promise<CallReply> {
    const { threads, ready } = this.inWorld();
    await ready;
    const value = await threads.call(thread, script, answer, typeof vcpu === "number" ? vcpu : undefined);
    const late = await threads.late();
    return { ...(value === undefined ? { blocked: true } : { returned: value }), ...(Object.keys(late).length > 0 && { threads: late }) };
  }

  private async read(names: readonly string[]): Promise<ReadReply> {
    const { agent, inside, world, threads, ready } = this.inWorld();
    world.held = threads.heldVcpus();
    const script = new Script();
    const shown = takeReads(script, world, this.asked(names));
    const results = agent.run(script.program);
    await ready;
    const values = shown(await results);
    const rest = names.filter((name) => declaredAs(this.connected?.vocabulary.reads.keys() ?? [], name) === undefined);
    return { values: { ...values, ...(await inside?.look(world, rest)) } };
  }

  private async race(names: readonly string[]): Promise<RaceReply> {
    const { agent, race } = this.inWorld();
    if (race === undefined) throw new Error("nothing is queued: `open` did not say `repeat`");
    return { outcomes: await race.go(agent, this.asked(names)) };
  }

  private async close(): Promise<CloseReply> {
    const { agent, world, race, threads, ready, watcher } = this.inWorld();
    this.opened = undefined;
    // Each world of a race is closed by the race.
    if (race !== undefined) return {};
    await ready;
    const { nested = [], reports = [] } = (await watcher?.close()) ?? {};
    const stuck = await threads.end();
    const { script, leaks } = world.closing();
    const closed = agent.run(script.program).then(leaks);
    // On this machine's own kernel nothing can be amiss that would not be known the next time, and VMs take their time to go.
    const known = this.source.ours ? await closed : await this.closing;
    this.closing = this.source.ours ? NOTHING : closed;
    this.closing.catch(() => undefined);
    const all = [...stuck, ...known];
    return {
      ...(all.length > 0 && { leaks: all }),
      ...(nested.length > 0 && { nested }),
      ...(reports.length > 0 && { reports }),
    };
  }

  private inWorld(): Connected & Opened {
    if (this.connected === undefined) throw new Crashed("it is not running");
    if (this.opened === undefined) throw new Error("no world is open");
    return { ...this.connected, ...this.opened };
  }

  /** Those reads that are taken here. */
  private asked(names: readonly string[]): AskedRead[] {
    const reads = this.connected?.vocabulary.reads;
    return names.flatMap((name) => {
      const declared = declaredAs(reads?.keys() ?? [], name) as ReadPattern | undefined;
      const take = declared === undefined ? undefined : reads?.get(declared);
      return declared === undefined || take === undefined ? [] : [{ name, declared, take }];
    });
  }
}

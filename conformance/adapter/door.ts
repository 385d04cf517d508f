/**
 * The dialogue, written once and held in two ways. The engine is a generator of requests: in this
 * process it is driven synchronously, with no JSON and no promises; over a pipe with `await`.
 */
import type { Reply, Report, Request, Standing } from "../../spec/generated/types";

/**
 * What answers requests in this process. It may reuse what it returns once the next request has come, but
 * for what a thread announces: the same object is the same step, in every run.
 */
export interface Door {
  (request: Request): Reply;
  /** Its threads, if whoever is in this process too may step them without a message for each step. */
  readonly threads?: ThreadsHere;
}

/** The threads of a door in this process. */
export interface ThreadsHere {
  /** The thread of this name that a world has; the same object in every world. */
  of(name: string): ThreadHere;
  /** As the request `step`: gives the others that stand elsewhere now, mostly nobody. It is used again. */
  take(thread: ThreadHere, pick: number): readonly ThreadHere[];
  /** Takes what was reported since this was asked last. */
  reports(): readonly Report[];
}

/** One of them. */
export interface ThreadHere {
  readonly name: string;
  readonly standing: Standing;
}

/** A conversation: it yields requests, is given replies, and comes to a T. */
export type Exchange<T> = Generator<Request, T, Reply>;

/** A door that never throws: an error of the implementation is its crash, in its own words. */
export function safely(door: Door): Door {
  const { threads } = door;
  const safe = (request: Request): Reply => {
    try {
      return door(request);
    } catch (error) {
      return { error: inItsOwnWords(error) };
    }
  };
  return threads === undefined ? safe : Object.assign(safe, { threads });
}

/** What an implementation in this process threw, as a crash. */
export function crashOf(error: unknown): Crashed {
  return new Crashed(inItsOwnWords(error));
}

function inItsOwnWords(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Whom the exchange that is being held in this process is with, if its threads may be stepped without a message. */
let here: (Door & { readonly threads: ThreadsHere }) | undefined;

/** Holds an exchange with a door in this process. */
export function holdHere<T>(exchange: Exchange<T>, door: Door): T {
  const safe = safely(door);
  let turn = turnHere(exchange, safe);
  while (turn.done !== true) turn = turnHere(exchange, safe, safe(turn.value));
  return turn.value;
}

/** Lets an exchange with a door in this process go on to its next request; the door must not throw. */
export function turnHere<T>(exchange: Exchange<T>, door: Door, ...reply: [] | [Reply]): IteratorResult<Request, T> {
  const outer = here;
  here = isQuick(door) ? door : undefined;
  try {
    return exchange.next(...reply);
  } finally {
    here = outer;
  }
}

function isQuick(door: Door): door is Door & { readonly threads: ThreadsHere } {
  return door.threads !== undefined;
}

/** Whom the exchange is with, if it is to be asked at once: a hot loop does that without `ask`. */
export function doorHere(): typeof here {
  return here;
}

/**
 * Asks: at once whoever lets its threads be stepped at once; anybody else by yielding, through every
 * exchange that this one is part of, so that whoever holds it has a turn.
 */
export function* ask(request: Request): Exchange<Reply> {
  return here === undefined ? yield request : here(request);
}

/** What is asked next whatever the answer to a request is. */
const next = new WeakMap<Request, Request>();

/** Says that `then` is asked after `request` in any case: over a pipe both go out at once. */
export function followedBy<R extends Request>(request: R, then: Request): R {
  next.set(request, then);
  return request;
}

/** Holds an exchange with somebody who answers later. Whoever fails to answer is told of inside the exchange. */
export async function holdOver<T>(exchange: Exchange<T>, ask: (request: Request) => Promise<Reply>): Promise<T> {
  let early: { readonly request: Request; readonly answer: Promise<Reply> } | undefined;
  let turn = exchange.next();
  while (turn.done !== true) {
    let reply: Reply;
    try {
      const answer = early?.request === turn.value ? early.answer : ask(turn.value);
      const then = next.get(turn.value);
      early = then === undefined ? undefined : { request: then, answer: ask(then) };
      // If the exchange asks something else instead, nobody waits for this one.
      early?.answer.catch(() => undefined);
      reply = await answer;
    } catch (error) {
      turn = exchange.throw(error);
      continue;
    }
    turn = exchange.next(reply);
  }
  return turn.value;
}

/** Thrown inside an exchange when the implementation crashed: it said so, died, or talks rubbish. */
export class Crashed extends Error {
  override readonly name = "Crashed";
}

/** There can be no world as the case asks for it: thrown by an adapter's `open`, and inside an exchange that was told so. */
export class Cannot extends Error {
  override readonly name = "Cannot";
}

/** Thrown inside an exchange when a request is not answered in time. */
export class Overdue extends Error {
  override readonly name = "Overdue";
  constructor(
    readonly request: Request,
    readonly milliseconds: number,
  ) {
    super(`it had not answered \`${request.op}\` after ${milliseconds / 1000} s`);
  }
}

/** The reply as the kind that was asked for; the transport has checked its shape. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the asker knows which reply it asked for
export function answered<R extends Reply>(reply: Reply): R {
  if ("error" in reply) throw new Crashed(reply.error);
  return reply as R;
}

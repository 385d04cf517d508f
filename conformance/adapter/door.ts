/**
 * The dialogue, written once and held in two ways. The engine is a generator of requests: in this
 * process it is driven synchronously, with no JSON and no promises; over a pipe with `await`.
 */
import type { Reply, Request } from "../../spec/generated/types";

/** What answers requests in this process. It may reuse what it returns once the next request has come. */
export type Door = (request: Request) => Reply;

/** A conversation: it yields requests, is given replies, and comes to a T. */
export type Exchange<T> = Generator<Request, T, Reply>;

/** Holds an exchange with a door in this process. An error that the door throws is a crash of the implementation. */
export function holdHere<T>(exchange: Exchange<T>, door: Door): T {
  let turn = exchange.next();
  while (turn.done !== true) turn = exchange.next(reply(door, turn.value));
  return turn.value;
}

function reply(door: Door, request: Request): Reply {
  try {
    return door(request);
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Holds an exchange with somebody who answers later. */
export async function holdOver<T>(exchange: Exchange<T>, ask: (request: Request) => Promise<Reply>): Promise<T> {
  let turn = exchange.next();
  while (turn.done !== true) turn = exchange.next(await ask(turn.value));
  return turn.value;
}

/** Thrown inside an exchange when a reply is an error: the implementation crashed, in its own words. */
export class Crashed extends Error {
  override readonly name = "Crashed";
}

/** The reply as the kind that was asked for; the transport has checked its shape. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the asker knows which reply it asked for
export function answered<R extends Reply>(reply: Reply): R {
  if ("error" in reply) throw new Crashed(reply.error);
  return reply as R;
}

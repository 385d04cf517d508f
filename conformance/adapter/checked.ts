/** The dialogue's schema, both ways: what is said over a pipe is always checked, in this process when asked for. */
import type { Reply, Request } from "../../spec/generated/types";
import * as validators from "../../spec/generated/validators";
import type { Validate } from "../../spec/generated/validators";
import type { Door } from "./door";

const REPLIES: Readonly<Record<Request["op"], Validate>> = {
  hello: validators.helloReply,
  open: validators.openReply,
  call: validators.callReply,
  step: validators.stepReply,
  read: validators.readReply,
  close: validators.closeReply,
};

/** What is wrong with a request, if anything is: then the runner has a bug. */
export function wrongWithRequest(request: unknown): string | undefined {
  return wrong(validators.request, request);
}

/** What is wrong with a reply to a request of this kind, if anything is. */
export function wrongWithReply(op: Request["op"], reply: unknown): string | undefined {
  const says = (key: string): boolean => typeof reply === "object" && reply !== null && key in reply;
  if (says("error")) return wrong(validators.errorReply, reply);
  return wrong(op === "step" && says("outcomes") ? validators.raceReply : REPLIES[op], reply);
}

function wrong(validate: Validate, message: unknown): string | undefined {
  if (validate(message)) return undefined;
  const [first] = validate.errors ?? [];
  if (first === undefined) return "it does not fit the schema";
  const { additionalProperty, allowedValues, allowedValue } = first.params as Record<string, unknown>;
  const detail = additionalProperty ?? allowedValues ?? allowedValue;
  const shown = detail === undefined ? "" : ` (${JSON.stringify(detail)})`;
  return `${first.instancePath === "" ? "it" : first.instancePath.slice(1).replaceAll("/", ".")} ${first.message ?? "does not fit"}${shown}`;
}

/** A door whose every message is checked: a reply that does not fit is a crash of the implementation. */
export function checked(door: Door): Door {
  return (request) => {
    const mine = wrongWithRequest(request);
    if (mine !== undefined) throw new Error(`the runner made a request that does not fit the schema: ${mine}`);
    const reply: Reply = door(request);
    const theirs = wrongWithReply(request.op, reply);
    return theirs === undefined ? reply : { error: `its reply to ${request.op} does not fit the schema: ${theirs}` };
  };
}

import type { ReadReply, ReadRequest, Request, Value } from "../../spec/generated/types";
import { answered, ask, followedBy, type Door, type Exchange } from "../adapter/door";

type Values = Readonly<Record<string, Value>>;

const NOTHING: Values = {};

/** What is read in the world that is open, by name; nothing is asked where nothing is named. */
export class Reads {
  /** The read that goes out together with the call before it. */
  promised: ReadRequest | undefined;
  private readonly request: ReadRequest = { op: "read", names: [] };

  constructor(private readonly closeRequest: Request) {}

  *now(names: readonly string[]): Exchange<Values> {
    if (names.length === 0) return NOTHING;
    const { promised } = this;
    return answered<ReadReply>(yield* ask(promised?.names === names ? promised : this.of(names))).values;
  }

  /** As above, of whoever is in this process. */
  at(here: Door, names: readonly string[]): Values {
    return names.length === 0 ? NOTHING : answered<ReadReply>(here(this.of(names))).values;
  }

  /** The last look before the world is closed. */
  *last(names: readonly string[]): Exchange<Values> {
    if (names.length === 0) return NOTHING;
    const request: ReadRequest = { op: "read", names: names as string[] };
    return answered<ReadReply>(yield* ask(followedBy(request, this.closeRequest))).values;
  }

  /** The request. There is one at a time. */
  private of(names: readonly string[]): ReadRequest {
    this.request.names = names as string[];
    return this.request;
  }
}

/** What an implementer in TypeScript writes, and the door that it makes. */
import type {
  CallName,
  CallReply,
  FeatureName,
  Given,
  HelloReply,
  LimitName,
  OpenReply,
  ReadPattern,
  Value,
} from "../../spec/generated/types";
import { bind, bindingOf } from "../case/binding";
import { declaredAs } from "../case/names";
import { Cannot, type Door } from "./door";

/** What a call came to: its return, or more (that it is blocked, which events happened, who has returned late). */
export type Answer = Value | CallReply;

/** Makes one call in a world. Arguments are as in spec/calls.yaml; an error that it throws is a crash. */
export type MakeCall<World> = (world: World, args: Readonly<Record<string, unknown>>) => Answer;

/** Shows one read: a value, or for a name with stars a value for each instance, by what the stars stand for ("0", "1.3"). */
export type ShowRead<World> = (world: World) => Value | Readonly<Record<string, Value>>;

/** An implementation whose calls are plain functions. Its worlds are independent of each other. */
export interface Adapter<World> {
  readonly name: string;
  readonly version: string;
  readonly kind: HelloReply["kind"];
  /** The kernel whose behaviour it claims, as `v6.1`; the newest if not said. */
  readonly kernel?: string;
  readonly features: readonly FeatureName[];
  /** Why it does not claim others, for the reports. */
  readonly absent?: { readonly [F in FeatureName]?: string };
  readonly limits?: Partial<Record<LimitName, number>>;
  /** Makes a fresh world. Throws Cannot, with the reason, if there can be none like that. */
  open(given: Given): World;
  readonly calls: { readonly [C in CallName]?: MakeCall<World> };
  readonly reads: { readonly [R in ReadPattern]?: ShowRead<World> };
  /** The events that its calls tell of. */
  readonly events?: readonly string[];
  /** Ends a world; gives what it leaked. */
  close?(world: World): readonly string[];
}

/** The door to an adapter: control `call`, in this process. */
export function doorTo<World>(adapter: Adapter<World>): Door {
  let world: World | undefined;
  const opened = (): World => {
    if (world === undefined) throw new Error("no world is open");
    return world;
  };
  return (request) => {
    switch (request.op) {
      case "hello":
        return helloOf(adapter);
      case "open":
        return opens(() => (world = adapter.open(request.given)));
      case "call": {
        const call = adapter.calls[request.do as CallName];
        if (call === undefined) return { unsupported: true };
        const came = call(opened(), request.args);
        return typeof came === "object" && !Array.isArray(came) ? came : { returned: came };
      }
      case "step":
        return { error: "this adapter cannot be stopped inside a call: its control is `call`" };
      case "read":
        return { values: Object.assign({}, ...request.names.map((name) => shown(adapter, opened(), name))) as Record<string, Value> };
      case "close": {
        const leaks = adapter.close?.(opened()) ?? [];
        world = undefined;
        return leaks.length > 0 ? { leaks: [...leaks] } : {};
      }
    }
  };
}

function opens(open: () => void): OpenReply {
  try {
    open();
    return {};
  } catch (error) {
    if (error instanceof Cannot) return { cannot: error.message };
    throw error;
  }
}

function helloOf<World>(adapter: Adapter<World>): HelloReply {
  const { name, version, kind, kernel, features, absent, limits, calls, reads, events } = adapter;
  return {
    protocol: 1,
    name,
    version,
    kind,
    ...(kernel !== undefined && { kernel }),
    control: "call",
    features: [...features],
    ...(absent !== undefined && { absent: { ...absent } }),
    calls: Object.keys(calls),
    reads: Object.keys(reads),
    ...(events !== undefined && { events: [...events] }),
    limits: { ...(limits as Record<string, number> | undefined) },
  };
}

/** The values of one read, by full name: of one instance, or of all if stars are left in it. */
function shown<World>(adapter: Adapter<World>, world: World, name: string): Record<string, Value> {
  const declared = declaredAs(Object.keys(adapter.reads), name);
  const value = declared === undefined ? undefined : adapter.reads[declared as ReadPattern]?.(world);
  if (declared === undefined || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) return { [declared]: value };
  const instances = Object.entries(value as Record<string, Value>).map(([binding, each]) => [bind(declared, binding), each] as const);
  return Object.fromEntries(instances.filter(([full]) => bindingOf(name, full) !== undefined));
}

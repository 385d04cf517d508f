/** What a chapter of calls and reads is made of. */
import type { CallName, FeatureName, ReadPattern, Value } from "../../../spec/generated/types";
import { bind, bindingOf } from "../../case/binding";
import type { From, Script } from "./script";
import type { World } from "./world";

export type Args = Readonly<Record<string, unknown>>;

/** Adds one call to a script; what it gives back says what the call returned. */
export type MakeCall = (script: Script, world: World, args: Args) => From<Value>;

/** Adds a look to a script: a value, or for a name with stars a value for each instance, by what the stars stand for. */
export type TakeRead = (script: Script, world: World) => From<Value | Readonly<Record<string, Value>>>;

/** Calls and reads that are there or not with a feature. */
export interface Chapter {
  readonly feature: FeatureName;
  readonly calls: { readonly [C in CallName]?: MakeCall };
  readonly reads: { readonly [R in ReadPattern]?: TakeRead };
}

/** A 64-bit argument: a number or a hex string. */
export function u64(value: unknown): bigint {
  return BigInt(value as string | number);
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** For each vCPU that can be asked: one that is in a call which has not returned would make us wait, too. */
export function perVcpu(show: (script: Script, world: World, id: number) => From<Value>): TakeRead {
  return (script, world) => {
    const asked = [...world.vcpus.keys()].filter((id) => !world.held.includes(id));
    const shown = asked.map((id) => [id, show(script, world, id)] as const);
    return (results) => Object.fromEntries(shown.map(([id, value]) => [id, value(results)]));
  };
}

/** A read that is asked for: under which name, as what it is declared, and how to take it. */
export interface AskedRead {
  readonly name: string;
  readonly declared: ReadPattern;
  readonly take: TakeRead;
}

/** Takes some reads: their values, by full name. */
export function takeReads(script: Script, world: World, asked: readonly AskedRead[]): From<Record<string, Value>> {
  const shown = asked.map(({ name, declared, take }) => ({ name, declared, value: take(script, world) }));
  return (results) =>
    Object.assign({}, ...shown.map(({ name, declared, value }) => byName(name, declared, value(results)))) as Record<string, Value>;
}

/** What was read, by full name: only what `name` asks for of what is `declared`. */
export function byName(name: string, declared: string, value: Value | Readonly<Record<string, Value>>): Record<string, Value> {
  if (typeof value !== "object" || Array.isArray(value)) return { [declared]: value };
  const instances = Object.entries(value as Record<string, Value>).map(([binding, each]) => [bind(declared, binding), each] as const);
  return Object.fromEntries(instances.filter(([full]) => bindingOf(name, full) !== undefined));
}

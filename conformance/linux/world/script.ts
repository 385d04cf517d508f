/** A program in the making, that knows which of its results is whose. */
import { constants } from "node:os";
import { SYS } from "../uapi/ioctl";
import { Program, type Arg, type Result } from "../agent/program";

/** Picks something out of the results of a program that has run. */
export type From<T> = (results: readonly Result[]) => T;

/** Builds a program; each op gives back how to find what it came to. */
export class Script {
  readonly program = new Program();
  private count = 0;

  /** What it returned: a negative errno, or what it is documented to return. */
  syscall(nr: number, args: readonly Arg[], into?: number): From<bigint> {
    this.program.syscall(nr, args, into);
    return this.result();
  }

  ioctl(fd: Arg, request: number, arg: Arg = 0, into?: number): From<bigint> {
    return this.syscall(SYS.ioctl, [fd, request, arg], into);
  }

  peek(at: Arg, length: number): From<Uint8Array> {
    this.program.peek(at, length);
    return this.result();
  }

  poke(at: Arg, bytes: Uint8Array): this {
    this.program.poke(at, bytes);
    return this;
  }

  private result<R extends Result>(): From<R> {
    const index = this.count++;
    return (results) => {
      const found = results[index];
      if (found === undefined) throw new Error(`a program of ${this.count} results answered ${results.length}`);
      return found as R;
    };
  }
}

const ERRNOS: ReadonlyMap<number, string> = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** The name of the errno that a system call returned; undefined if it succeeded. */
export function errnoOf(returned: bigint): string | undefined {
  return returned >= 0n ? undefined : (ERRNOS.get(Number(-returned)) ?? `errno ${-returned}`);
}

/** `ok`, or the name of the errno. */
export function okOf(returned: bigint): string {
  return errnoOf(returned) ?? "ok";
}

/** One VM as a case asks for it: what this side knows of it, and the scripts that open and close it. */
import { IOCTL, MADV_DONTNEED, SYS } from "../uapi/ioctl";
import { FIXED_FDS, GUEST, PAGE, RUN_PAGES, SCRATCH, mapGuestPage } from "./memory";
import type { Arg, Slot } from "../agent/program";
import { errnoOf, Script, type From } from "./script";
import { pack, type FieldOf, type StructName } from "../uapi/uapi";

/** Where the guest's areas are that KVM was told of; undefined while there is none. */
export interface XenAreas {
  longMode: boolean;
  sharedInfo: number | undefined;
  readonly vcpuInfo: Map<number, number | undefined>;
  readonly runstate: Map<number, number | undefined>;
}

export interface Vcpu {
  readonly id: number;
  readonly fd: Arg;
  /** In a race: it exists before the race begins. */
  readonly early: boolean;
  /** Its place among those that run guest code, once it can. */
  place: number | undefined;
}

export class World {
  readonly vm: Slot = { slot: 0 };
  readonly vcpus = new Map<number, Vcpu>();
  readonly xen: XenAreas = { longMode: false, sharedInfo: undefined, vcpuInfo: new Map(), runstate: new Map() };
  /** The node on which a migrated page is, by guest address; that of others is 0. */
  readonly nodes = new Map<number, number>();
  /** The guest addresses of pages that a call has unmapped. */
  readonly unmapped = new Set<number>();
  /** The vCPUs that are in calls which have not returned. */
  held: readonly number[] = [];
  /** Some of the guest's memory was given to KVM. */
  hasMemory = false;
  /** Opens the world; in a race also all that is done before it. */
  readonly opening = new Script();
  private readonly fds: Arg[] = [this.vm];
  private readonly musts: { readonly what: string; readonly returned: From<bigint> }[] = [];
  private slots = 1;
  private scratch: number = SCRATCH.at;
  private running = 0;
  private fixed = FIXED_FDS;

  /** In a world of a race, all programs are made before anything has happened: no result is known. */
  constructor(
    kvm: number,
    readonly racing: boolean,
  ) {
    this.must("KVM_CREATE_VM", this.opening.ioctl(kvm, IOCTL.CREATE_VM, 0, this.vm.slot));
  }

  /** A part of opening that has to succeed. */
  must(what: string, returned: From<bigint>): void {
    this.musts.push({ what, returned });
  }

  /** Throws, with the results of `opening`, if the world is not what was asked for. */
  readonly opened: From<void> = (results) => {
    for (const { what, returned } of this.musts) {
      const errno = errnoOf(returned(results));
      if (errno !== undefined) throw new Error(`the given world cannot be built: ${what} came to ${errno}`);
    }
  };

  /** A slot for a file descriptor. */
  slot(): Slot {
    return { slot: this.slots++ };
  }

  /** A number that a file descriptor can be given: far above those that are given by themselves. */
  fixedFd(): number {
    return this.fixed++;
  }

  /**
   * Has a change known once a call has succeeded. What is done while the world is opened is taken to
   * succeed, since what comes after is compiled before; in a race, what the threads do is not followed.
   */
  knows(script: Script, returned: From<bigint>, change: () => unknown): From<bigint> {
    if (script === this.opening) change();
    if (script === this.opening || this.racing) return returned;
    return (results) => {
      const result = returned(results);
      if (result >= 0n) change();
      return result;
    };
  }

  vcpu(id: unknown): Vcpu | undefined {
    return this.vcpus.get(Number(id));
  }

  /** The file descriptor of a vCPU; for one that there is not, one that nobody has. */
  fdOf(id: unknown): Arg {
    return this.vcpu(id)?.fd ?? -1;
  }

  /** There is a new vCPU; or in a race there may be. */
  created(id: number, fd: Arg, early = true): void {
    this.fds.unshift(fd);
    if (!this.vcpus.has(id)) this.vcpus.set(id, { id, fd, early, place: undefined });
  }

  /** A call has closed it: what is asked of it from now on is asked of nobody. */
  closed(vcpu: Vcpu): void {
    const index = this.fds.indexOf(vcpu.fd);
    if (index >= 0) this.fds.splice(index, 1);
    this.vcpus.set(vcpu.id, { ...vcpu, fd: -1 });
  }

  /** Room for something whose address a system call takes. */
  room(bytes: number): number {
    const at = this.scratch;
    this.scratch += Math.ceil(bytes / 64) * 64;
    if (this.scratch > SCRATCH.at + SCRATCH.size) throw new Error("the calls of this case need more scratch memory than there is");
    return at;
  }

  /** All that was placed is done with. */
  freeRoom(): void {
    this.scratch = SCRATCH.at;
  }

  /** Writes a structure into scratch memory, and gives its address. */
  place<S extends StructName>(script: Script, name: S, values: { readonly [F in FieldOf<S>]?: number | bigint }): number {
    const bytes = pack(name, values);
    const at = this.room(bytes.length);
    script.poke(at, bytes);
    return at;
  }

  /** The place of the next vCPU that runs guest code. */
  nextPlace(): number {
    const place = this.running++;
    if ((place + 1) * PAGE > RUN_PAGES.size) throw new Error("more vCPUs run guest code than there is room for");
    return place;
  }

  /** Closes all that was opened, and makes the guest's memory fresh again; says what could not be closed. */
  closing(): { readonly script: Script; readonly leaks: From<string[]> } {
    const script = new Script();
    if (this.running > 0) script.syscall(SYS.munmap, [RUN_PAGES.at, this.running * PAGE]);
    const closes = this.fds.map((fd) => ({ fd, returned: script.syscall(SYS.close, [fd]) }));
    for (const page of this.unmapped) mapGuestPage(script, page);
    if (this.hasMemory) script.syscall(SYS.madvise, [GUEST.at, GUEST.size, MADV_DONTNEED]);
    // In a race a slot may hold the error of a vCPU that was not created.
    if (this.racing) return { script, leaks: () => [] };
    return {
      script,
      leaks: (results) =>
        closes.flatMap(({ fd, returned }) => {
          const errno = errnoOf(returned(results));
          return errno === undefined ? [] : [`closing fd ${typeof fd === "object" ? `in slot ${fd.slot}` : fd} came to ${errno}`];
        }),
    };
  }
}

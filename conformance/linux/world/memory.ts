/** Where things lie in the agent's memory: addresses are ours to choose, so that every pointer is known beforehand. */
import { MADV_NOHUGEPAGE, MAP_FIXED, MAP_NORESERVE, MAP_PRIVATE_ANONYMOUS, PROT_READ_WRITE, RLIMIT_NOFILE, SYS } from "../uapi/ioctl";
import type { Script } from "./script";
import { bytesOf } from "../uapi/uapi";

export const PAGE = 0x1000;

/** Arguments of ioctls, and what they answer. */
export const SCRATCH = { at: 0x10_0000_0000, size: 0x10_0000 } as const;
/** The same for files. */
export const FILES = { at: 0x10_1000_0000, size: 0x1000 } as const;
/** The guest's program, and behind it a mailbox and a stack for each vCPU that runs. */
export const GUEST_PROGRAM = { at: 0x11_0000_0000, size: 0x1_0000 } as const;
/** The page that KVM_RUN shares, for each vCPU that runs. */
export const RUN_PAGES = { at: 0x12_0000_0000, size: 0x10_0000 } as const;
/** The guest's memory: that at guest address n is n bytes from here. */
export const GUEST = { at: 0x20_0000_0000, size: 0x1_4000_0000 } as const;

/** File descriptors that are not taken as they come are from here on. */
export const FIXED_FDS = 60_000;
const MOST_FDS = 65_536;

/** Lets there be as many file descriptors as there can be vCPUs, and more. `at` is some scratch memory. */
export function allowFds(script: Script, at: number): void {
  script.poke(at, Buffer.concat([bytesOf(MOST_FDS, 8), bytesOf(MOST_FDS, 8)]));
  script.syscall(SYS.prlimit64, [0, RLIMIT_NOFILE, at, 0]);
}

/** Puts fresh memory behind a page of the guest's, as if it had always been there. */
export function mapGuestPage(script: Script, page: number): void {
  script.syscall(SYS.mmap, [GUEST.at + page, PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0]);
  script.syscall(SYS.madvise, [GUEST.at + page, PAGE, MADV_NOHUGEPAGE]);
}

/** Maps everything but the run pages, which each vCPU brings. */
export function mapMemory(script: Script): void {
  for (const { at, size } of [SCRATCH, FILES, GUEST_PROGRAM, GUEST])
    script.syscall(SYS.mmap, [at, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0]);
  // A page is to move alone.
  script.syscall(SYS.madvise, [GUEST.at, GUEST.size, MADV_NOHUGEPAGE]);
}

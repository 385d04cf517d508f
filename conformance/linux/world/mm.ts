/** The host's memory management: pages of the guest's memory move between the nodes of a machine that has two. Source: move_pages(2). */
import type { Chapter, MakeCall } from "./calls";
import { u64 } from "./calls";
import { SYS } from "../uapi/ioctl";
import { GUEST, PAGE } from "./memory";
import { errnoOf, type From, type Script } from "./script";
import { bytesOf, unsigned } from "../uapi/uapi";

const MPOL_PREFERRED = 1;
const MPOL_MF_MOVE = 2;
/** A page that somebody holds at that very moment stays where it is. */
const ATTEMPTS = 3;

/** Moves the page behind a guest address to the other node: `ok`, or the errno that the page has to show for it. */
const migrate: MakeCall = (script, world, { gpa }) => {
  const page = Number(u64(gpa) & ~0xfffn);
  const node = 1 - (world.nodes.get(page) ?? 0);
  world.nodes.set(page, node);
  const [pages, nodes, status] = [world.room(8), world.room(4), world.room(4)];
  script.poke(pages, bytesOf(GUEST.at + page, 8)).poke(nodes, bytesOf(node, 4));
  let moved: From<bigint> = () => 0n;
  for (let i = 0; i < ATTEMPTS; i++) moved = script.syscall(SYS.move_pages, [0, 1, pages, nodes, status, MPOL_MF_MOVE]);
  const where = script.peek(status, 4);
  return (results) => {
    const found = BigInt.asIntN(32, unsigned(where(results), 0, 4));
    return errnoOf(moved(results)) ?? errnoOf(found) ?? "ok";
  };
};

/** The page is gone until the world is closed, with whatever maps it. */
const unmap: MakeCall = (script, world, { gpa }) => {
  const page = Number(u64(gpa) & ~0xfffn);
  const returned = script.syscall(SYS.munmap, [GUEST.at + page, PAGE]);
  world.unmapped.add(page);
  return (results) => errnoOf(returned(results)) ?? "ok";
};

/** Has fresh pages come from node 0; `at` is some scratch memory. */
export function preferNodeZero(script: Script, at: number): void {
  script.poke(at, bytesOf(1, 8)).syscall(SYS.set_mempolicy, [MPOL_PREFERRED, at, 64]);
}

export const mmChapter: Chapter = { feature: "memslots", calls: { "mm.migrate": migrate, "mm.unmap": unmap }, reads: {} };

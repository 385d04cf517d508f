/** Guest code: the program of guest.S, and commands for it. */
import { EXIT, IOCTL, MAP_FIXED, MAP_SHARED, PROT_READ_WRITE, SYS } from "../uapi/ioctl";
import { GUEST_PROGRAM, PAGE, RUN_PAGES } from "./memory";
import { errnoOf, type From, type Script } from "./script";
import { bytesOf, field, offsetOf, pack, STRUCTS, unsigned } from "../uapi/uapi";
import type { Vcpu, World } from "./world";

/** As in guest.S. */
const BASE = 0xd0000000;
const GDT = { base: BASE + 0x3e8, limit: 3 * 8 - 1 };
const IDT = { base: BASE + 0xc00, limit: 256 * 8 - 1 };
const COMMANDS = { nop: 0, wrmsr: 1, rdmsr: 2, hlt: 3, load: 4, store: 5 } as const;
const MAILBOX = { address: 4, low: 8, fault: 16, size: 24 } as const;
const PORT_DONE = 0x10;
const GENERAL_PROTECTION = 13n;

/** Behind the program: for each vCPU its mailbox, and the end of its stack. */
const MAILBOXES = 0x2000;
const MAILBOX_STRIDE = 0x100;

/** Above those that cases name. */
const PROGRAM_SLOT = 500;

/** PE and ET: protected mode without paging. */
const PROTECTED_MODE = 0x11;

/** The leaf that names a hypervisor's interface, and Hyper-V's name there: "Hv#1". */
const HYPERV_CPUID_INTERFACE = 0x40000001;
const HYPERV_SIGNATURE = 0x31237648;

const MP_STATE_RUNNABLE = 0;

/** The beginning of the system registers: cs, and five segments for data, all of 4 GiB. */
const SEGMENTS = bytesOfSegments();

/** The tables, as they lie in the system registers. */
const TABLES = pack("kvm_sregs", {
  "gdt.base": GDT.base,
  "gdt.limit": GDT.limit,
  "idt.base": IDT.base,
  "idt.limit": IDT.limit,
}).subarray(offsetOf("kvm_sregs", "gdt.base"), offsetOf("kvm_sregs", "cr0"));

/** What one command takes and gives. */
export interface Command {
  readonly what: keyof typeof COMMANDS;
  /** Of an MSR or of memory. */
  readonly address?: number;
  readonly value?: bigint;
  /** KVM tells the VMM of it in between, so that the vCPU has to be run twice. */
  readonly tells?: boolean;
}

/** How a command ended: done, with a value; the fault that the guest took; or an errno of KVM_RUN. */
export type Ended = { readonly value: bigint } | { readonly failed: string };

/** Gives the VM the memory in which the guest's program is. */
export function giveProgram(world: World): void {
  const region = world.place(world.opening, "kvm_userspace_memory_region", {
    slot: PROGRAM_SLOT,
    guest_phys_addr: BASE,
    memory_size: GUEST_PROGRAM.size,
    userspace_addr: GUEST_PROGRAM.at,
  });
  world.must("KVM_SET_USER_MEMORY_REGION", world.opening.ioctl(world.vm, IOCTL.SET_USER_MEMORY_REGION, region));
}

/** Has a vCPU's guest do one command. */
export function command(script: Script, world: World, id: unknown, { what, address = 0, value = 0n, tells = false }: Command): From<Ended> {
  const vcpu = world.vcpu(id);
  if (vcpu === undefined) return () => ({ failed: "EBADF" });
  const place = (vcpu.place ??= prepare(world.racing && vcpu.early ? world.opening : script, world, vcpu));
  const mailbox = mailboxOf(place);
  const order = new Uint8Array(MAILBOX.size);
  order.set(bytesOf(COMMANDS[what], 4));
  order.set(bytesOf(address, 4), MAILBOX.address);
  order.set(bytesOf(value, 8), MAILBOX.low);
  script.poke(GUEST_PROGRAM.at + mailbox, order);
  if (tells) script.ioctl(vcpu.fd, IOCTL.RUN);
  const ran = script.ioctl(vcpu.fd, IOCTL.RUN);
  const exit = script.peek(RUN_PAGES.at + place * PAGE, STRUCTS.kvm_run.size);
  const answer = script.peek(GUEST_PROGRAM.at + mailbox, MAILBOX.size);
  return (results) => ended(ran(results), exit(results), answer(results));
}

function ended(ran: bigint, exit: Uint8Array, answer: Uint8Array): Ended {
  const errno = errnoOf(ran);
  if (errno !== undefined) return { failed: errno };
  const fault = unsigned(answer, MAILBOX.fault, 4);
  const reason = Number(field("kvm_run", "exit_reason", exit));
  if (reason !== EXIT.IO) throw new Error(`the guest's program is interrupted by an exit of reason ${reason}`);
  if (field("kvm_run", "io.port", exit) !== BigInt(PORT_DONE)) throw new Error(`the guest's program is lost, after exception ${fault}`);
  if (fault === GENERAL_PROTECTION) return { failed: "gp" };
  return { value: unsigned(answer, MAILBOX.low, 8) };
}

/** Makes a vCPU ready to run the guest's program; gives its place. */
function prepare(script: Script, world: World, { fd }: Vcpu): number {
  const place = world.nextPlace();
  script.syscall(SYS.mmap, [RUN_PAGES.at + place * PAGE, PAGE, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0]);
  const sregs = world.room(STRUCTS.kvm_sregs.size);
  script.ioctl(fd, IOCTL.GET_SREGS, sregs);
  script.poke(sregs, SEGMENTS);
  script.poke(sregs + offsetOf("kvm_sregs", "gdt.base"), TABLES);
  script.poke(sregs + offsetOf("kvm_sregs", "cr0"), bytesOf(PROTECTED_MODE, 8));
  script.ioctl(fd, IOCTL.SET_SREGS, sregs);
  // A guest that does not see Hyper-V in its CPUID may not touch Hyper-V's registers.
  const cpuid = { nent: 1, "entries[0].function": HYPERV_CPUID_INTERFACE, "entries[0].eax": HYPERV_SIGNATURE };
  script.ioctl(fd, IOCTL.SET_CPUID2, world.place(script, "kvm_cpuid2", cpuid));
  const mailbox = BASE + mailboxOf(place);
  const regs = world.place(script, "kvm_regs", { rip: BASE, rbx: mailbox, rsp: mailbox + MAILBOX_STRIDE, rflags: 2 });
  script.ioctl(fd, IOCTL.SET_REGS, regs);
  // All but the first wait to be started by another.
  const state = world.room(4);
  script.poke(state, bytesOf(MP_STATE_RUNNABLE, 4));
  script.ioctl(fd, IOCTL.SET_MP_STATE, state);
  // No signal is blocked while the guest runs, so that a kick ends KVM_RUN.
  const mask = world.room(16);
  script.poke(mask, bytesOf(8, 16));
  script.ioctl(fd, IOCTL.SET_SIGNAL_MASK, mask);
  return place;
}

function mailboxOf(place: number): number {
  return MAILBOXES + place * MAILBOX_STRIDE;
}

function bytesOfSegments(): Uint8Array {
  const flat = { base: 0, limit: 0xffffffff, present: 1, db: 1, s: 1, g: 1 };
  const code = pack("kvm_segment", { ...flat, selector: 8, type: 11 });
  const data = pack("kvm_segment", { ...flat, selector: 16, type: 3 });
  return Buffer.concat([code, data, data, data, data, data]);
}

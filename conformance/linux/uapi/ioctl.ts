/** The numbers of KVM's ioctls, capabilities, types and exits, and of the system calls that a VMM makes on x86-64. Source: <linux/kvm.h>, asm/unistd_64.h. */

const KVMIO = 0xae;
const WRITES = 1;
const READS = 2;

/** As <asm-generic/ioctl.h> makes them: which way the argument goes, how large it is, whose it is, which one. */
function encode(direction: number, nr: number, size: number): number {
  return direction * 2 ** 30 + size * 2 ** 16 + KVMIO * 2 ** 8 + nr;
}

const plain = (nr: number): number => encode(0, nr, 0);
const writes = (nr: number, size: number): number => encode(WRITES, nr, size);
const reads = (nr: number, size: number): number => encode(READS, nr, size);
const both = (nr: number, size: number): number => encode(READS | WRITES, nr, size);

/** What KVM can be asked. */
export const IOCTL = {
  GET_API_VERSION: plain(0x00),
  CREATE_VM: plain(0x01),
  CHECK_EXTENSION: plain(0x03),
  GET_VCPU_MMAP_SIZE: plain(0x04),
  CREATE_VCPU: plain(0x41),
  SET_USER_MEMORY_REGION: writes(0x46, 32),
  CREATE_IRQCHIP: plain(0x60),
  SET_GSI_ROUTING: writes(0x6a, 8),
  IRQFD: writes(0x76, 32),
  CREATE_PIT2: writes(0x77, 64),
  SET_BOOT_CPU_ID: plain(0x78),
  XEN_HVM_CONFIG: writes(0x7a, 56),
  RUN: plain(0x80),
  GET_REGS: reads(0x81, 144),
  SET_REGS: writes(0x82, 144),
  GET_SREGS: reads(0x83, 312),
  SET_SREGS: writes(0x84, 312),
  GET_MSRS: both(0x88, 8),
  SET_MSRS: writes(0x89, 8),
  SET_SIGNAL_MASK: writes(0x8b, 4),
  GET_LAPIC: reads(0x8e, 1024),
  SET_LAPIC: writes(0x8f, 1024),
  SET_CPUID2: writes(0x90, 8),
  SET_MP_STATE: writes(0x99, 4),
  SET_GUEST_DEBUG: writes(0x9b, 72),
  ENABLE_CAP: writes(0xa3, 104),
  XEN_HVM_SET_ATTR: writes(0xc9, 72),
  XEN_VCPU_GET_ATTR: both(0xca, 72),
  XEN_VCPU_SET_ATTR: writes(0xcb, 72),
  XEN_HVM_EVTCHN_SEND: writes(0xd0, 12),
  PRE_FAULT_MEMORY: both(0xd5, 64),
} as const;

/** What KVM_CHECK_EXTENSION and KVM_ENABLE_CAP name. */
export const CAP = {
  XEN_HVM: 38,
  MAX_VCPUS: 66,
  SPLIT_IRQCHIP: 121,
  HYPERV_SYNIC: 123,
  IMMEDIATE_EXIT: 136,
  MAX_VCPU_ID: 128,
  HYPERV_SYNIC2: 148,
  SET_GUEST_DEBUG2: 195,
  PRE_FAULT_MEMORY: 236,
} as const;

/** Bits of KVM_CAP_XEN_HVM, and of the flags of KVM_XEN_HVM_CONFIG. */
export const XEN_HVM_CONFIG = {
  INTERCEPT_HCALL: 1 << 1,
  SHARED_INFO: 1 << 2,
  RUNSTATE: 1 << 3,
  EVTCHN_2LEVEL: 1 << 4,
  EVTCHN_SEND: 1 << 5,
  RUNSTATE_UPDATE_FLAG: 1 << 6,
} as const;

export const XEN_ATTR = { LONG_MODE: 0, SHARED_INFO: 1, UPCALL_VECTOR: 2, RUNSTATE_UPDATE_FLAG: 5 } as const;

export const XEN_VCPU_ATTR = { VCPU_INFO: 0, RUNSTATE_ADDR: 2, RUNSTATE_CURRENT: 3, RUNSTATE_DATA: 4, UPCALL_VECTOR: 8 } as const;

/** A type of a GSI's route, and the only priority that two-level event channels have. */
export const ROUTE_XEN_EVTCHN = 5;
export const XEN_EVTCHN_2LEVEL = 0xffffffff;

export const IRQFD_DEASSIGN = 1;

export const GUESTDBG = { ENABLE: 1 << 0, BLOCKIRQ: 1 << 20 } as const;

/** Why KVM_RUN came back. */
export const EXIT = { IO: 2, HLT: 5, MMIO: 6, INTR: 10, INTERNAL_ERROR: 17, HYPERV: 27 } as const;

/** System calls, by number. */
export const SYS = {
  read: 0,
  write: 1,
  close: 3,
  mmap: 9,
  munmap: 11,
  ioctl: 16,
  mremap: 25,
  madvise: 28,
  mkdir: 83,
  mount: 165,
  gettid: 186,
  futex: 202,
  set_mempolicy: 238,
  openat: 257,
  move_pages: 279,
  eventfd2: 290,
  dup3: 292,
  prlimit64: 302,
} as const;

export const RLIMIT_NOFILE = 7;
export const AT_FDCWD = -100;
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CLOEXEC = 0o2000000;
export const EFD_CLOEXEC = 0o2000000;
export const PROT_READ_WRITE = 3;
export const MAP_SHARED = 1;
export const MAP_PRIVATE_ANONYMOUS = 0x22;
export const MAP_FIXED = 0x10;
export const MAP_NORESERVE = 0x4000;
export const MADV_DONTNEED = 4;
export const MADV_NOHUGEPAGE = 15;

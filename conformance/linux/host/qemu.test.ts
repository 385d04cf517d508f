/** The agent inside a guest, and guests that cannot be had. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stillRunning } from "../../../tools/command";
import { bareMachine, plantCommand, plantKernel } from "../../../tools/machine";
import { needs } from "../../../tools/needs";
import { packageRoot } from "../../case/root";
import { Crashed } from "../../adapter/door";
import { findKernel, kernelFolder, MANIFEST } from "./kernels";
import { agentFile } from "../agent/local";
import { thisMachine, type Machine } from "./machine";
import { Program } from "../agent/program";
import { QEMU, startGuest, type Guest } from "./qemu";

const NR = { read: 0, write: 1, open: 2, close: 3, mmap: 9, rt_sigprocmask: 14, ioctl: 16, pipe: 22, mkdir: 83, mount: 165 } as const;
const AT = 0x1_0000_0000;
const [CREATE_VM, CHECK_EXTENSION, CREATE_VCPU, CREATE_IRQCHIP, RUN, SET_SIGNAL_MASK] = [
  0xae01, 0xae03, 0xae41, 0xae60, 0xae80, 0x4004ae8b,
];
const XEN_HVM = 38;
const KVM = 1;

const here = thisMachine();
const inGuest = needs("linux-x64", "gcc", QEMU, join(kernelFolder("6.12", here), MANIFEST));
const onLinux = needs("linux-x64", "gcc");

jest.setTimeout(200_000);

const program = (): Program => new Program();
/** Opens what is named, and puts the file into a slot. */
const opened = (name: string, slot: number): Program =>
  program()
    .poke(AT, Buffer.from(`${name}\0`))
    .syscall(NR.open, [AT, 2], slot);

describe("a guest", () => {
  let guest: Guest;

  beforeAll(async () => {
    if (inGuest !== test) return;
    guest = await startGuest();
    await guest.agent.run(program().syscall(NR.mmap, [AT, 65536, 3, 0x32, -1, 0]));
  });

  afterAll(async () => {
    if (inGuest === test) await guest.agent.end();
  });

  /** What a file of the guest says. */
  async function said(file: string): Promise<string> {
    const mount = program()
      .poke(AT, Buffer.from("/sys\0"))
      .poke(AT + 16, Buffer.from("sysfs\0"))
      .syscall(NR.mkdir, [AT, 0o755])
      .syscall(NR.mount, [AT + 16, AT, AT + 16, 0, 0]);
    await guest.agent.run(mount);
    const read = program()
      .poke(AT, Buffer.from(`${file}\0`))
      .syscall(NR.open, [AT, 0], 9)
      .syscall(NR.read, [{ slot: 9 }, AT, 64])
      .syscall(NR.close, [{ slot: 9 }])
      .peek(AT, 64);
    const [, length, , bytes] = await guest.agent.run(read);
    return Buffer.from(bytes as Uint8Array).toString("latin1", 0, Number(length));
  }

  inGuest("runs the kernel that its package names, with all of Xen and two CPUs", async () => {
    expect(guest.agent.uname).toBe(guest.kernel.uname);
    const checks = opened("/dev/kvm", KVM)
      .syscall(NR.ioctl, [{ slot: KVM }, CHECK_EXTENSION, XEN_HVM])
      .syscall(NR.close, [{ slot: KVM }]);
    expect((await guest.agent.run(checks)).slice(1)).toEqual([0x1ffn, 0n]);
    expect(await said("/sys/devices/system/cpu/online")).toBe("0-1\n");
    expect(await said("/sys/module/kvm_amd/parameters/avic")).toBe("N\n");
  });

  inGuest("a vCPU that waits for an interrupt is kicked out of the guest", async () => {
    const [VM, VCPU] = [2, 3];
    await guest.agent.run(
      opened("/dev/kvm", KVM)
        .syscall(NR.ioctl, [{ slot: KVM }, CREATE_VM, 0], VM)
        .syscall(NR.ioctl, [{ slot: VM }, CREATE_IRQCHIP, 0])
        // The second: it waits until the first starts it.
        .syscall(NR.ioctl, [{ slot: VM }, CREATE_VCPU, 1], VCPU)
        .poke(AT, new Uint8Array([8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
        .syscall(NR.ioctl, [{ slot: VCPU }, SET_SIGNAL_MASK, AT]),
    );
    const run = program().syscall(NR.ioctl, [{ slot: VCPU }, RUN, 0]);
    for (const wait of [0, 20]) {
      const runs = guest.agent.run(run, 1);
      await new Promise((resume) => setTimeout(resume, wait));
      guest.agent.kick(1);
      expect(await runs).toEqual([-4n]);
    }
    await guest.agent.run([VCPU, VM, KVM].reduce((close, slot) => close.syscall(NR.close, [{ slot }]), program()));
  });

  inGuest("of two threads that race sometimes one comes first, sometimes the other", async () => {
    const byte = (which: number): Program => program().syscall(NR.write, [{ slot: 2 }, AT + 64 + which, 1]);
    const setUp = program()
      .syscall(NR.pipe, [AT])
      .poke(AT + 64, Buffer.from("AB"))
      .load(AT + 4, 2)
      .poke(AT + 4, Buffer.alloc(4))
      .load(AT, 1);
    const settle = program()
      .syscall(NR.read, [{ slot: 1 }, AT, 8])
      .peek(AT, 2);
    const tearDown = program()
      .syscall(NR.close, [{ slot: 1 }])
      .syscall(NR.close, [{ slot: 2 }]);
    await guest.agent.run(program().poke(AT, Buffer.alloc(16)));
    const worlds = await guest.agent.race({ setUp, threads: [byte(0), byte(1)], settle, tearDown, repeat: 300, seed: 1 });
    const orders = worlds.map((world) => Buffer.from(world.settle[1] as Uint8Array).toString());
    expect([...new Set(orders)].sort()).toEqual(["AB", "BA"]);
  });

  inGuest("is switched off by a bad address, and the last words say which", async () => {
    const words = "the agent died in op 0 of a program of thread 2: it may not touch address 0x10";
    await expect(guest.agent.run(program().peek(0x10, 1), 2)).rejects.toThrow(new Crashed(words));
    await guest.agent.end();
    expect(guest.console()).toContain("Power down");
  });
});

inGuest("a guest does not outlive a process that is killed, and leaves no files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kvm-conform-killed-"));
  const script = `require("${join(packageRoot(), "dist/conformance/linux/host/qemu.js")}").startGuest().then(() => console.log("up"))`;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, TMPDIR: folder } });
  await new Promise((heard) => parent.stdout.once("data", heard));
  const { stdout } = spawnSync("ps", ["-o", "pid=,comm=", "--ppid", String(parent.pid)], { encoding: "utf8" });
  const [, pid] = /(\d+) qemu-system/.exec(stdout) ?? [];
  parent.kill("SIGKILL");
  expect(Number(pid)).toBeGreaterThan(1);
  expect(await stillRunning([Number(pid)])).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

needs(
  "linux-x64",
  "gcc",
  QEMU,
  join(kernelFolder("6.1", here), MANIFEST),
)("a guest whose kernel needs modules for the agent's port is reached as well", async () => {
  const { agent, kernel } = await startGuest({ kernel: "6.1", cpus: 1 });
  expect([agent.uname, kernel.series]).toEqual([kernel.uname, "6.1"]);
  await agent.end();
  expect(agent.died()).toBe("it was told to end");
});

describe("without a guest", () => {
  let folder: string;
  let machine: Machine;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kvm-conform-qemu-"));
    machine = bareMachine(folder);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const kernel = (): void => plantKernel(machine, "6.12");

  /** An emulator that does what it is told here, and counts how often it was started. */
  function qemu(script: string): void {
    plantCommand(machine, QEMU, `echo >> ${join(folder, "starts")}\n${script}`);
  }

  const starts = (): number => readFileSync(join(folder, "starts"), "utf8").length;

  test("a kernel that was never fetched is told of with the command that fetches it", async () => {
    await expect(startGuest({ machine })).rejects.toThrow(
      new Crashed(`Linux 6.12 is not in ${machine.cache}: \`kvm-conform kvm-setup\` fetches it`),
    );
  });

  test("a kernel that is not whole is not booted", async () => {
    kernel();
    qemu("exit 1");
    for (const damage of ["x", undefined]) {
      const file = join(kernelFolder("6.12", machine), "kvm.ko");
      rmSync(file);
      if (damage !== undefined) writeFileSync(file, damage);
      await expect(startGuest({ machine })).rejects.toThrow(`${file} is not as it was fetched: \`kvm-conform kvm-setup\` fetches it again`);
    }
    expect(existsSync(join(folder, "starts"))).toBe(false);
  });

  test("a manifest that is not whole counts as no kernel", () => {
    kernel();
    writeFileSync(join(kernelFolder("6.12", machine), MANIFEST), '{"package": "li');
    expect(() => findKernel("6.12", machine)).toThrow("is not in");
  });

  test("a machine without QEMU is told of with the command that installs it", async () => {
    kernel();
    await expect(startGuest({ machine })).rejects.toThrow(`there is no ${QEMU} on PATH: \`kvm-conform kvm-setup\` installs it`);
  });

  onLinux("an emulator that fails is tried once more, and quoted", async () => {
    kernel();
    qemu("echo 'qemu: a planted failure' >&2; exit 3");
    await expect(startGuest({ machine })).rejects.toThrow(/^it exited with status 3; qemu: a planted failure; the last on its console: $/);
    expect(starts()).toBe(2);
  });

  onLinux("a guest that never says hello is given up in time, twice, with the last of its console", async () => {
    kernel();
    qemu('for each; do case "$each" in file:*) echo "Kernel panic, planted" > "${each#file:}";; esac; done; exec /bin/sleep 60');
    const words = "it had not said hello after 0.3 s; the last on its console: Kernel panic, planted";
    await expect(startGuest({ machine, patience: 300 })).rejects.toThrow(new Crashed(words));
    expect(starts()).toBe(2);
  });

  onLinux("a guest that falls silent while KVM is loaded is given up in time, twice", async () => {
    kernel();
    copyFileSync(agentFile(), join(folder, "agent"));
    qemu(`${join(folder, "agent")} < /dev/null; exec /bin/sleep 60`);
    const words = "it had not loaded KVM after 2 s; the last on its console: ";
    await expect(startGuest({ machine, patience: 2000 })).rejects.toThrow(new Crashed(words));
    expect(starts()).toBe(2);
  });

  onLinux("a second start that succeeds is enough; a kernel that refuses a module is quoted, and ended", async () => {
    kernel();
    copyFileSync(agentFile(), join(folder, "agent"));
    qemu(`[ -e ${join(folder, "again")} ] || { : > ${join(folder, "again")}; exit 1; }; exec ${join(folder, "agent")}`);
    await expect(startGuest({ machine })).rejects.toThrow(/^the guest cannot load irqbypass.ko: E[A-Z]+; the last on its console: $/);
    expect(starts()).toBe(2);
  });
});

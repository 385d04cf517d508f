/** The command line. Each command loads only what it needs. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { join } from "node:path";
import pc from "picocolors";
import { Crashed, Overdue } from "../adapter/door";
import { packageRoot, packageVersion } from "../case/root";
import type { Spec } from "../case/spec";
import { fitHeap } from "./heap";
import type { RunOptions } from "./run";
import type { Selection } from "./selection";
import { Interrupted, type Stopper } from "./stop";
import { EXIT, UsageError } from "./usage";

const stopper: Stopper = { stopped: false };

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A command's answer becomes the exit code; what it throws is the user's to mend, or ours. */
function does<A extends unknown[]>(command: (...args: A) => Promise<number> | number): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = await command(...args);
    } catch (error) {
      if (error instanceof Interrupted) {
        process.exitCode = EXIT.interrupted;
        return;
      }
      const adapter = error instanceof Crashed || error instanceof Overdue;
      if (!adapter && !(error instanceof UsageError)) throw error;
      say(`${pc.red("error:")} ${adapter ? "the adapter: " : ""}${error.message}`);
      process.exitCode = adapter ? EXIT.adapter : EXIT.usage;
    }
  };
}

/** The shipped spec. Its problems are ours, and nothing is judged by a spec that has some. */
async function shippedSpec(): Promise<Spec> {
  const { loadSpec } = await import("../case/load.js");
  const { spec, problems } = loadSpec(packageRoot());
  if (problems.length > 0) throw new UsageError(`the spec has ${problems.length} problems; \`kvm-conform check\` shows them`);
  return spec;
}

const many = (value: string, before: string[] = []): string[] => [...before, ...value.split(",").filter((each) => each !== "")];
const each = (value: string, before: string[] = []): string[] => [...before, value];

function positive(value: string): number {
  if (!(Number(value) > 0 && Number(value) < Infinity)) throw new InvalidArgumentError("It takes a number above 0, as 0.5 or 100.");
  return Number(value);
}

function whole(least: number): (value: string) => number {
  return (value) => {
    if (!/^\d{1,9}$/.test(value) || Number(value) < least) throw new InvalidArgumentError(`It takes a whole number from ${least} on.`);
    return Number(value);
  };
}

function version(value: string): string {
  if (!/^v?\d+\.\d+$/.test(value)) throw new InvalidArgumentError("It takes a kernel version, as v6.1.");
  return value;
}

function selecting(command: Command): Command {
  return command
    .option("--case <glob>", "only cases whose id matches; repeatable", many)
    .option("--rule <glob>", "only cases of these rules; repeatable", many)
    .option("--area <areas>", "only these areas", many)
    .option("--exclude <glob>", "not these cases; repeatable", many)
    .option("--deep", "also the cases that need very many runs; else they have to be named in full");
}

function running(kvm: Command): void {
  selecting(kvm.command("run").description("judge the cases on an adapter and write the reports"))
    .option("--adapter <spec>", "reference, kvm, kvm:qemu, a module, or a command in quotes; repeatable (default: reference)", each)
    .option(
      "--out <folder>",
      "where results.ndjson and junit.xml go (default: coverage/report, for every schedule of all cases on the reference or KVM)",
    )
    .option("--as <version>", "judge by the rules of this kernel version, as v6.1", version)
    .option("--fail-fast", "stop at the first broken case")
    .option(
      "--jobs <n>",
      "threads that judge cases on an adapter in this process (default: one for each core, once it takes long)",
      whole(1),
    )
    .option("--resume", "go on with a run that was cut short in the same folder: Ctrl-C, kill")
    .option("--digest", "tell of each case a number that is the same for the same traces")
    .option("--strategy <name>", "how runs are chosen: optimal, sleep-sets, naive, states, bounded, pct or random (default: optimal)")
    .option("--bound <n>", "bounded: at most so many preemptions; pct: so many changes of priority (default: 2)", whole(0))
    .option(
      "--runs <n>",
      "pct, random: how many runs (default: 1000); others: at most so many (default: 200000, of a deep case any number)",
      whole(1),
    )
    .option("--seed <n>", "where the choices of pct and random come from, and the delays of a race (default: 1)", whole(0))
    .option("--worlds <n>", "how many fresh worlds a race on real CPUs is made in (default: 300)", whole(1))
    .option("--timeout-multiplier <n>", "multiplies every deadline of an adapter that is a process", positive)
    .action(does(runCommand));
}

function program(): Command {
  const kvm = new Command("kvm-conform")
    .description("Judges a hypervisor by the rules of KVM's hardest behaviours.")
    .version(packageVersion())
    .showHelpAfterError()
    .exitOverride();
  running(kvm);
  selecting(kvm.command("list").description("the cases as a table of contents"))
    .option("--rules", "the rules instead")
    .option("--fixtures", "the bugs and older kernels instead")
    .action(does(listCommand));
  kvm
    .command("check")
    .argument("[files...]", "case files of your own, beside the shipped spec")
    .description("say what is wrong with the spec, at file, line and column")
    .action(does(checkCommand));
  kvm
    .command("replay")
    .argument("<case>")
    .argument("<schedule>", "as a failure printed it: the threads in order, or worlds=N,seed=N")
    .option("--adapter <spec>", "whom to ask", "reference")
    .description("make one run of a case again, as far as its schedule fits, and draw it")
    .action(does(replayCommand));
  kvm
    .command("explain")
    .argument("<id>", "a rule or a case")
    .description("what it says, where it comes from, what is known of it")
    .action(does(explainCommand));
  kvm
    .command("coverage")
    .option("--area <areas>", "only these areas", many)
    .option("--json", "the figures, for machines")
    .description("what is known about each rule: stated, modelled, tested, exercised, guarded")
    .action(does(coverageCommand));
  kvm
    .command("bugs")
    .option("--area <areas>", "only these areas", many)
    .option("--jobs <n>", "threads that do it (default: as many as cores)", whole(1))
    .description("show that each planted bug is caught by a claim of its own rule")
    .action(does(bugsCommand));
  realKvm(kvm);
  return kvm;
}

function realKvm(kvm: Command): void {
  kvm.command("doctor").description("what real KVM needs and this machine has, and what gets the rest").action(does(doctorCommand));
  kvm.command("kvm-setup").description("install QEMU and fetch the kernels that kvm:qemu boots").action(does(setupCommand));
}

async function runCommand({ jobs, ...options }: Partial<Omit<RunOptions, "jobs">> & { jobs?: number }): Promise<number> {
  const { run } = await import("./run.js");
  const { jobsOf } = await import("./crew.js");
  const { Progress, screenOn } = await import("../report/progress.js");
  const adapter = options.adapter ?? ["reference"];
  const progress = new Progress(screenOn(process.stderr), () => performance.now());
  const whole = !options.case && !options.rule && !options.area && !options.exclude && !options.strategy && !options.runs;
  const home = whole ? { home: join(packageRoot(), "coverage", "report") } : {};
  return run(await shippedSpec(), { ...options, adapter, jobs: jobsOf(jobs), progress, ...home }, print, stopper);
}

async function listCommand(options: Selection & { rules?: true; fixtures?: true }): Promise<number> {
  const { caseListing, fixtureListing, ruleListing } = await import("./list.js");
  const listing = options.rules ? ruleListing : caseListing;
  (options.fixtures ? fixtureListing() : listing(await shippedSpec(), options)).forEach(print);
  return EXIT.ok;
}

async function checkCommand(files: string[]): Promise<number> {
  const { check, renderProblems } = await import("./check.js");
  const checked = check(files, packageRoot());
  print(renderProblems(checked));
  return checked.problems.length > 0 ? EXIT.usage : EXIT.ok;
}

async function replayCommand(id: string, schedule: string, options: { adapter: string }): Promise<number> {
  const { replay } = await import("./replay.js");
  return replay(await shippedSpec(), id, schedule, options.adapter, print, stopper);
}

async function explainCommand(id: string): Promise<number> {
  const { explain } = await import("./explain.js");
  explain(await shippedSpec(), id, packageRoot()).forEach(print);
  return EXIT.ok;
}

async function coverageCommand(options: { area?: string[]; json?: boolean }): Promise<number> {
  const { coverage } = await import("./coverage.js");
  const { jobsOf } = await import("./crew.js");
  return coverage(await shippedSpec(), packageRoot(), { ...options, jobs: jobsOf(undefined) }, print, say, stopper);
}

async function bugsCommand(options: { area?: string[]; jobs?: number }): Promise<number> {
  const { bugs } = await import("./bugs.js");
  const { jobsOf } = await import("./crew.js");
  const results = await bugs(await shippedSpec(), options.area ?? [], jobsOf(options.jobs), print, stopper);
  return results.every((result) => result.caught !== undefined) ? EXIT.ok : EXIT.broken;
}

async function doctorCommand(): Promise<number> {
  const { doctor } = await import("./doctor.js");
  return doctor(print);
}

async function setupCommand(): Promise<number> {
  const { kvmSetup } = await import("./kvm-setup.js");
  return kvmSetup(print);
}

async function main(): Promise<void> {
  fitHeap();
  for (const signal of ["SIGINT", "SIGTERM"])
    process.on(signal, () => {
      // The second one is for the impatient: the report of the first is given up.
      if (stopper.stopped) process.exit(EXIT.interrupted);
      stopper.stopped = true;
    });
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.adapter));
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exitCode = EXIT.adapter;
    }
  }
}

void main();

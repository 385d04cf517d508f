/**
 * How fast cases are on fresh VMs of this machine's KVM, beside what VMs cost at least: one that is
 * created, runs a guest once and is destroyed, again and again, by programs that nobody waits for.
 */
"use strict";

const path = require("node:path");

const ROOT = path.join(__dirname, "..");
const built = (name) => require(path.join(ROOT, "dist/conformance", name));

const WORLDS = 200;
/** Each is one run on one VM. */
const CASES = [
  "vcpuid/the-limit-is-set-once",
  "vcpuid/the-limit-itself-is-no-id",
  "vcpuid/a-closed-vcpu-keeps-its-id",
  "vcpuid/the-boot-cpu-is-chosen-before-any-vcpu",
];
const GIVEN = { backend: "none", vcpus: 1 };

/** How many of something there are in a second. */
async function perSecond(count, all) {
  const start = process.hrtime.bigint();
  await all();
  return (count * 1e9) / Number(process.hrtime.bigint() - start);
}

async function bareWorlds() {
  const { startLocal, guestProgram } = built("linux/agent/local");
  const agent = await startLocal();
  const { kvm } = await built("linux/probe").probe(agent, guestProgram(), false);
  const world = built("linux/world/opening").openWorld(kvm, GIVEN, false);
  built("linux/world/guest").command(world.opening, world, 0, { what: "nop" });
  const [open, close] = [world.opening.program, world.closing().script.program];
  const rate = await perSecond(WORLDS, () => Promise.all(Array.from({ length: WORLDS }, () => [agent.run(open), agent.run(close)]).flat()));
  await agent.end();
  return rate;
}

async function judgedCases() {
  const { spec } = built("case/load").loadSpec(ROOT);
  const kvm = await built("linux/start").startKvm({ where: "here", avic: false, patience: 1 });
  const hello = await kvm.hello();
  const { judgeOver } = built("verdict/blame");
  const { judge } = built("verdict/judge");
  const rate = await perSecond(WORLDS, async () => {
    for (let i = 0; i < WORLDS; i++) {
      const { verdict, reason } = await judgeOver(kvm, () => judge(spec.cases.get(CASES[i % CASES.length]), spec, hello));
      if (verdict !== "holds") throw new Error(`${CASES[i % CASES.length]} is ${verdict}: ${reason}`);
    }
  });
  await kvm.end();
  return rate;
}

async function main() {
  // In turns, so that both meet the machine as it is.
  const bare = [await bareWorlds()];
  const judged = [await judgedCases()];
  bare.push(await bareWorlds());
  judged.push(await judgedCases());
  const [limit, rate] = [Math.max(...bare), Math.max(...judged)];
  console.log(
    `${rate.toFixed(0)} cases a second on fresh VMs; VMs alone ${limit.toFixed(0)} a second: ${((100 * rate) / limit).toFixed(0)} %`,
  );
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 3;
});

/** Judges mutants one after the other, or several at a time, each in a thread of its own; the order of the results is the same. */
"use strict";

const path = require("node:path");
const { isMainThread, workerData } = require("node:worker_threads");
const { openBench } = require("./engine");
const { meet } = require("./meet");

const threads = (root) => require(path.join(root, "dist/conformance/cli/thread.js"));

/** A piece of work is a mutant and the measured cases that it meets; `done` is called with each number and outcome. */
async function judgeAll(root, work, jobs, done) {
  const { Thread } = threads(root);
  let next = 0;
  const one = async (thread) => {
    while (next < work.length) {
      const n = next++;
      done(n, await thread.do(work[n]));
    }
    await thread.end();
  };
  await Promise.all(Array.from({ length: jobs }, () => one(new Thread(__filename, { workerData: { root } }))));
}

if (!isMainThread) {
  const bench = openBench(workerData.root);
  threads(workerData.root).serve(({ mutant, cases }) => meet(mutant, cases, bench));
}

module.exports = { judgeAll };

/** Judges mutants one after the other, or several at a time, each in a thread of its own; the order of the results is the same. */
"use strict";

const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
const { openBench } = require("./engine");
const { meet } = require("./meet");

/** A piece of work is a mutant and the measured cases that it meets; `done` is called with each number and outcome. */
async function judgeAll(root, work, jobs, done) {
  let next = 0;
  const one = (worker) =>
    new Promise((resolve, reject) => {
      const give = () => (next < work.length ? worker.postMessage([next, work[next++]]) : resolve(worker.terminate()));
      worker.on("error", reject);
      worker.on("message", ([n, outcome]) => {
        done(n, outcome);
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: jobs }, () => one(new Worker(__filename, { workerData: root }))));
}

if (!isMainThread) {
  const bench = openBench(workerData);
  parentPort.on("message", ([n, { mutant, cases }]) => parentPort.postMessage([n, meet(mutant, cases, bench)]));
}

module.exports = { judgeAll };

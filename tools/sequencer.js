/** The order of the test files: the printed reproducers first, since nothing else matters if they lie. */
"use strict";

// Jest's own, found from where jest is: it is no dependency of this project.
const { default: Sequencer } = require(require.resolve("@jest/test-sequencer", { paths: [require.resolve("jest")] }));

const FIRST = /fixtures[/\\]again\.test\.ts$/;

module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter((test) => FIRST.test(test.path)), ...sorted.filter((test) => !FIRST.test(test.path))];
  }
};

/** The order of the test files: the printed reproducers first, since nothing else matters if they lie. */
"use strict";

const { default: Sequencer } = require("@jest/test-sequencer");

const FIRST = /fixtures[/\\]again\.test\.ts$/;

module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter((test) => FIRST.test(test.path)), ...sorted.filter((test) => !FIRST.test(test.path))];
  }
};

/** The house rules that types cannot say, as an eslint plugin. Each rule's message says what to write instead. */
"use strict";

module.exports = {
  rules: {
    "no-dropped-task": require("./no-dropped-task"),
    "no-impurity": require("./no-impurity"),
    "sync-steps-only-in-sync": require("./sync-steps-only-in-sync"),
  },
};

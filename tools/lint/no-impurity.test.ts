import { RuleTester, type Rule } from "eslint";
import { parser } from "typescript-eslint";

const rule = jest.requireActual<Rule.RuleModule>("./no-impurity");

const impure = (code: string, ...what: string[]) => ({
  code,
  errors: what.map((each) => ({ message: new RegExp(`^\`${each}\` is not allowed here\\. \\w`) })),
});

new RuleTester({ languageOptions: { parser } }).run("an impure reference", rule, {
  valid: [
    'import { conflict } from "./task";',
    "const Date = 1; use(Date);",
    "const half = Math.floor(n / 2);",
    "const { process } = machine; process.run();",
    "clock.performance = machine.Date;",
  ],
  invalid: [
    impure('import { readFileSync } from "node:fs";', "node:fs"),
    impure('import fs from "fs";', "fs"),
    impure('export * from "node:path";', "node:path"),
    impure("const fs = require('fs');", "require"),
    impure("import('./later');", "import\\(\\)"),
    impure("const now = Date.now();", "Date"),
    impure("const now = new Date();", "Date"),
    impure("const start = performance.now();", "performance"),
    impure("const coin = Math.random() < 0.5;", "Math.random"),
    impure("setTimeout(go, 1); setInterval(go, 1); queueMicrotask(go);", "setTimeout", "setInterval", "queueMicrotask"),
    impure("if (process.env.FAST) go();", "process"),
    impure("globalThis.Date.now();", "globalThis"),
    impure("async function go() { await later; }", "async", "await"),
    impure("const go = async () => 1;", "async"),
    impure("let later: Promise<number>;", "Promise"),
    impure("Promise.resolve(1);", "Promise"),
  ],
});

import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import jest from "eslint-plugin-jest";
import tseslint from "typescript-eslint";
import house from "./tools/lint/plugin.js";

const TESTS = "**/*.test.ts";

export default defineConfig(
  // By name: coverage/ holds sources here, and only its report is generated.
  { ignores: ["dist/", "coverage/report/", ".nyc_output/", "spec/generated/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,

  {
    files: ["**/*.{js,cjs}"],
    languageOptions: {
      sourceType: "commonjs",
      globals: Object.fromEntries(
        ["require", "module", "__dirname", "__filename", "process", "console", "performance", "SharedArrayBuffer", "Atomics"].map(
          (name) => [name, "readonly"],
        ),
      ),
    },
  },

  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { house },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      // `return refuse(...)` says why and leaves, in one line.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // A step's kind says that what it is on is a Cell; the type Thing does not.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },

  // A file that one can hold in the head, and functions that one can see.
  {
    files: ["**/*.{ts,js,mjs,cjs}"],
    ignores: [TESTS],
    rules: { "max-lines": ["error", { max: 300 }], "max-lines-per-function": ["error", { max: 50 }] },
  },

  // Kernel names belong to kernel code. A name taken from a record of kernel data keeps its spelling.
  {
    files: ["**/*.ts"],
    ignores: ["reference/**", "fixtures/**"],
    rules: {
      "@typescript-eslint/naming-convention": [
        "error",
        { selector: "function", format: ["camelCase"] },
        { selector: "variable", format: ["camelCase", "UPPER_CASE"], leadingUnderscore: "allow" },
        { selector: "variable", modifiers: ["destructured"], format: null },
        { selector: "parameter", format: ["camelCase"], leadingUnderscore: "allow" },
        { selector: "parameter", modifiers: ["destructured"], format: null },
        { selector: "typeLike", format: ["PascalCase"] },
      ],
    },
  },

  // Kernel-like code.
  {
    files: ["reference/**/*.ts", "fixtures/**/*.ts"],
    rules: {
      "house/no-dropped-task": "error",
      // An operation that takes no step is still a generator: one of another version may take some.
      "require-yield": "off",
      // Operations stand in tables and never look at `this`.
      "@typescript-eslint/unbound-method": "off",
      // The type checker narrows what a cell holds across a `yield`, where the world may change: the
      // assertion that undoes it looks unnecessary and is not.
      "@typescript-eslint/no-unnecessary-type-assertion": "off",
    },
  },
  {
    files: ["reference/**/*.ts", "fixtures/**/*.ts"],
    ignores: ["reference/sync/**", "reference/task.ts", TESTS],
    rules: { "house/sync-steps-only-in-sync": "error" },
  },
  {
    files: ["reference/**/*.ts", "conformance/explore/**/*.ts"],
    ignores: [TESTS],
    rules: { "house/no-impurity": "error" },
  },

  {
    files: [TESTS],
    extends: [jest.configs["flat/recommended"]],
    rules: {
      "jest/expect-expect": ["error", { assertFunctionNames: ["expect", "expect*"] }],
      // `needs("python3")("finding", ...)` is a test, which the plugin cannot see.
      "jest/no-standalone-expect": "off",
    },
  },
);

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/coverage/report/", "<rootDir>/.nyc_output/"],
  // For a test that hangs. How fast a machine is, no test says.
  testTimeout: 120_000,
  testSequencer: "<rootDir>/tools/sequencer.js",
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "tsconfig.json" }] },
  collectCoverageFrom: ["{reference,conformance,coverage}/**/*.ts", "!**/*.test.ts"],
  // Jest would write into coverage/, which is a source folder here; tools/coverage.js merges this with the rest.
  coverageDirectory: ".nyc_output/jest",
  coverageReporters: ["json"],
};

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/spec", "<rootDir>/reference", "<rootDir>/conformance", "<rootDir>/fixtures", "<rootDir>/coverage", "<rootDir>/tools", "<rootDir>/docs"],
  testMatch: ["**/*.test.ts"],
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "tsconfig.json" }] },
};

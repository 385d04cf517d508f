/**
 * Who may import whom. Each rule's comment says what to do instead.
 *
 * Tests may import what they test against; nothing else may import a test.
 */
"use strict";

const TEST = "\\.test\\.ts$";
const LIBRARY = "^node_modules/";

/** Files below `from` may import, of this project, only what matches one of `to`. */
function only(name, from, to, comment) {
  return {
    name,
    severity: "error",
    comment,
    from: { path: from, pathNot: TEST },
    to: { pathNot: [...to, LIBRARY], dependencyTypesNot: ["core"] },
  };
}

/** As `only`, and neither packages nor Node's own modules. */
function pure(name, from, to, comment) {
  return { name, severity: "error", comment, from: { path: from, pathNot: TEST }, to: { pathNot: to } };
}

const SPEC = "^spec/(generated/|steps\\.ts$)";

/** The chapters of the reference, lowest first; chapters of one row do not know each other. adapter.ts and honest.ts stand above them all. */
const CHAPTERS = [["task\\.ts$"], ["sync/"], ["kvm/"], ["apic/"], ["vmx/", "svm/", "hyperv/", "xen/"], ["machine\\.ts$"]];

const chapterRules = CHAPTERS.flatMap((row, level) =>
  row.map((chapter) =>
    pure(
      `reference-${chapter.replace(/\W+(ts\$)?/g, "-").replace(/^-|-$/g, "")}`,
      `^reference/${chapter}`,
      [SPEC, ...CHAPTERS.slice(0, level).flat(), chapter].map((path) => (path === SPEC ? SPEC : `^reference/${path}`)),
      "A chapter imports only lower chapters. To call a higher one, do as the kernel does: go through a table that the higher one registers at boot.",
    ),
  ),
);

/** What each layer of the runner may import of the others. */
const LAYERS = {
  case: [],
  plan: ["case"],
  adapter: ["case"],
  explore: ["case", "plan", "adapter"],
  verdict: ["case", "plan", "adapter", "explore"],
  report: ["case", "plan", "explore", "verdict"],
};

const layerRules = Object.entries(LAYERS).map(([layer, below]) =>
  only(
    `conformance-${layer}`,
    `^conformance/${layer}/`,
    [SPEC, ...[layer, ...below].map((each) => `^conformance/${each}/`)],
    `conformance/${layer} imports only ${["spec/generated", ...below].join(", ")}. Take the rest as an argument, or move what is shared into the lowest layer that needs it.`,
  ),
);

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      comment: "Two files that need each other are one concept or hide a third: merge them, or move what both need into a file of its own.",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      comment: "The import leads nowhere. Correct its path; for spec/generated, run `npm run generate`.",
      // The launcher names what the build makes.
      from: { pathNot: "^bin/" },
      to: { couldNotResolve: true },
    },
    {
      name: "no-test-imported",
      severity: "error",
      comment: "Nothing depends on a test. Move what is shared into a file that is not one.",
      from: {},
      to: { path: TEST },
    },
    {
      name: "no-output-imported",
      severity: "error",
      comment: "Import the source, not what was generated from it. A test that needs the compiled command starts bin/kvm-conform.js.",
      from: { pathNot: "^bin/" },
      to: { path: "^(dist|coverage/report)/" },
    },
    {
      name: "tools-stand-apart",
      severity: "error",
      comment: "tools/ prepares and checks the project and is no part of it. Only tests and the launcher may use it.",
      from: { pathNot: ["^(tools|bin|docs)/", TEST, "^eslint\\.config\\.mjs$"] },
      to: { path: "^tools/" },
    },
    pure(
      "spec-is-data",
      SPEC,
      [SPEC, "^node_modules/ajv/"],
      "spec/generated is made from spec/ and imports nothing else: put code into conformance/case.",
    ),
    pure(
      "reference-is-pure",
      "^reference/",
      [SPEC, "^reference/"],
      "The reference imports nothing but spec's types: the runner reaches it through reference/adapter.ts, at run time.",
    ),
    ...chapterRules,
    only(
      "conformance-knows-no-implementation",
      "^conformance/",
      [SPEC, "^conformance/", "^coverage/"],
      "The runner never imports an implementation: the CLI finds adapters by their specifier, at run time.",
    ),
    ...layerRules,
    only(
      "conformance-linux",
      "^conformance/linux/",
      [SPEC, "^conformance/(adapter|case|linux)/"],
      "The adapter for KVM is an adapter like others: it may use conformance/adapter and conformance/case.",
    ),
    {
      name: "coverage-only-from-cli",
      severity: "error",
      comment: "coverage/ reads what a run has written: only conformance/cli calls it.",
      from: { path: "^(spec|reference|fixtures|conformance)/", pathNot: ["^conformance/cli/", TEST] },
      to: { path: "^coverage/" },
    },
    only(
      "coverage-reads-logs",
      "^coverage/",
      [SPEC, "^coverage/", "^conformance/report/events", "^conformance/case/pattern"],
      "coverage/ runs nothing: it reads the event log (conformance/report/events) and patterns; take the rest as an argument.",
    ),
    only(
      "fixtures-use-the-door",
      "^fixtures/",
      [SPEC, "^fixtures/", "^reference/", "^conformance/(adapter|explore)/"],
      "A fixture uses what an implementer would: spec's types, the reference, conformance/adapter and conformance/explore.",
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: ["node_modules", "^dist/"] },
    exclude: { path: "^coverage/report/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default", "types"] },
  },
};

/**
 * Makes spec/generated/ from spec/schema/*.json and the vocabulary (spec/*.yaml, spec/rules/*.yaml):
 * types.ts, locks.ts and validators.ts; and locks new ids in spec/ids.lock. `--check` writes nothing
 * and exits 1 if a generated file is stale.
 */
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const yaml = require("yaml");
const { makeTypes } = require("./generate/types");
const { makeLocks } = require("./generate/locks");
const { makeValidators } = require("./generate/validators");

const ROOT = path.join(__dirname, "..");
const OUT = path.join("spec", "generated");
const HEADER = "// Made by `npm run generate` from spec/schema/ and the tables in spec/. Do not edit.\n";

const readYaml = (file) => yaml.parse(fs.readFileSync(path.join(ROOT, file), "utf8"));
const readSchema = (name) => JSON.parse(fs.readFileSync(path.join(ROOT, `spec/schema/${name}.schema.json`), "utf8"));

/** Everything that the generated files are made from. */
function readSpec() {
  const tables = ["features", "calls", "reads", "events", "locks"].map((name) => readYaml(`spec/${name}.yaml`));
  const ruleFiles = fs.readdirSync(path.join(ROOT, "spec/rules")).filter((name) => name.endsWith(".yaml"));
  const rules = ruleFiles.sort().flatMap((name) => readYaml(`spec/rules/${name}`).rules.map((each) => each.rule));
  const schemas = Object.fromEntries(
    ["case", "rule", "equivalents", "tables", "ledger", "dialogue"].map((name) => [name, readSchema(name)]),
  );
  return { ...Object.assign({}, ...tables), rules, schemas };
}

/** The generated files: name and text. */
async function generate() {
  const spec = readSpec();
  return {
    "types.ts": HEADER + (await makeTypes(spec)),
    "locks.ts": HEADER + makeLocks(spec),
    "validators.ts": `// @ts-nocheck\n${HEADER}${makeValidators(spec)}`,
  };
}

/** Adds rules and cases that are new to spec/ids.lock; nothing here takes an id away again. */
function lockIds() {
  const folder = path.join(ROOT, "spec/cases");
  const found = fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".yaml"));
  const cases = found.map((name) =>
    name
      .split(path.sep)
      .join("/")
      .replace(/\.yaml$/, ""),
  );
  const file = path.join(ROOT, "spec/ids.lock");
  const text = fs.readFileSync(file, "utf8");
  const fresh = [...readSpec().rules, ...cases.sort()].filter((id) => !text.split("\n").includes(id));
  if (fresh.length === 0) return;
  fs.writeFileSync(file, `${text.replace(/\n?$/, "\n")}${fresh.join("\n")}\n`);
  console.log(`locked ${fresh.join(", ")}`);
}

async function main(check) {
  const files = await generate();
  const stale = Object.keys(files).filter((name) => {
    const file = path.join(ROOT, OUT, name);
    return !fs.existsSync(file) || fs.readFileSync(file, "utf8") !== files[name];
  });
  if (check && stale.length > 0) {
    console.error(
      `${stale.map((name) => path.join(OUT, name)).join(", ")}: older than the spec; run \`npm run generate\` and commit the result.`,
    );
    process.exitCode = 1;
  }
  if (check) return;
  lockIds();
  fs.mkdirSync(path.join(ROOT, OUT), { recursive: true });
  for (const name of stale) fs.writeFileSync(path.join(ROOT, OUT, name), files[name]);
  console.log(stale.length === 0 ? "spec/generated is up to date" : `wrote ${stale.map((name) => path.join(OUT, name)).join(", ")}`);
}

main(process.argv.includes("--check"));

/** spec/generated/validators.ts: ajv's standalone code for the schemas, each call's arguments and each read's value. */
"use strict";
const Ajv2020 = require("ajv/dist/2020").default;
const standaloneCode = require("ajv/dist/standalone").default;

/** A 64-bit number as an argument says it: exact as a number, else in hex; or by name. */
const U64 = {
  description:
    'A number; from 2^53 on a hex string ("0xffffffff00000000"); a symbol of spec/calls.yaml; {limit: a limit, plus: a number}; or, where a call has `repeat`, {nth: the number of its first repetition}.',
  anyOf: [
    { type: "integer", minimum: 0 },
    { type: "string", pattern: "^(0x[0-9a-f]{1,16}|[A-Za-z_][A-Za-z0-9_]*)$" },
    {
      type: "object",
      additionalProperties: false,
      required: ["limit"],
      properties: { limit: { type: "string" }, plus: { type: "integer" } },
    },
    { type: "object", additionalProperties: false, required: ["nth"], properties: { nth: { type: "integer", minimum: 0 } } },
  ],
};

/** Which definition of dialogue.schema.json answers which word. */
const DIALOGUE = [
  "request",
  "hello_reply",
  "open_reply",
  "call_reply",
  "step_reply",
  "race_reply",
  "read_reply",
  "close_reply",
  "error_reply",
];

function argumentsOf({ args = {}, optional = [] }) {
  const required = Object.keys(args).filter((name) => !optional.includes(name));
  return { type: "object", additionalProperties: false, properties: args, required };
}

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

function table(name, about, refs, keys) {
  const lines = keys.map((key) => `  [${JSON.stringify(key)}, ${refs.get(key)}],`);
  return `/** ${about} */\nexport const ${name}: ReadonlyMap<string, Validate> = new Map<string, Validate>([\n${lines.join("\n")}\n]);\n`;
}

/** The text of validators.ts, without its header. */
function makeValidators({ schemas, calls, reads }) {
  const ajv = new Ajv2020({
    allErrors: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
    verbose: true,
    discriminator: true,
    inlineRefs: false,
    code: { source: true, esm: true, lines: true },
  });
  for (const schema of Object.values(schemas)) ajv.addSchema(schema);
  const argumentSchemas = Object.entries(calls).map(([name, call]) => [name, argumentsOf(call)]);
  ajv.addSchema({ $id: "calls", $defs: { ...Object.fromEntries(argumentSchemas), u64: U64 } });
  ajv.addSchema({ $id: "reads", $defs: Object.fromEntries(Object.entries(reads).map(([name, read]) => [name, read.type])) });

  const exported = {
    caseFile: "case.schema.json",
    ruleFile: "rule.schema.json",
    tablesFile: "tables.schema.json",
    ledgerFile: "ledger.schema.json",
  };
  for (const name of DIALOGUE) exported[camel(name)] = `dialogue.schema.json#/$defs/${name}`;
  const callNames = new Map(Object.keys(calls).map((name, i) => [name, `call${i}`]));
  const readNames = new Map(Object.keys(reads).map((name, i) => [name, `read${i}`]));
  for (const [name, ref] of callNames) exported[ref] = `calls#/$defs/${name}`;
  for (const [name, ref] of readNames) exported[ref] = `reads#/$defs/${encodeURIComponent(name)}`;

  const code = standaloneCode(ajv, exported)
    .replace(/^"use strict";/, "")
    .replace(/export const ((?:call|read)\d+) = (\w+);/g, "const $1: Validate = $2;")
    .replace(/export const (\w+) = (\w+);/g, "export const $1: Validate = $2;");
  return `import type { ErrorObject } from "ajv";

/** Whether the data is as its schema says; after a \`false\`, \`errors\` says what is not. */
export interface Validate {
  (data: unknown): boolean;
  errors?: ErrorObject[] | null;
}

${code.trim()}

${table("callArguments", "For each call, its arguments: an object without the keys that every call has.", callNames, Object.keys(calls))}
${table("readValue", "For each declared read, the value that it can have.", readNames, Object.keys(reads))}`;
}

module.exports = { makeValidators };

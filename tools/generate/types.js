/** spec/generated/types.ts: one type per schema definition, and a union of names per table. */
"use strict";
const { compile } = require("json-schema-to-typescript");

/** What the schemas call a string, and these types by the name of the table that it comes from. */
const NAMED = {
  case: {
    rule_id: "RuleId",
    "call.do": "CallName",
    "pattern.unlocked": "LockName",
    "claim.unlocked": "LockName",
    "operator.limit": "LimitName",
    "limit.limit": "LimitName",
  },
  rule: { "rule.rule": "RuleId", "rule.feature": "FeatureName" },
  equivalents: { "equivalent.rule": "RuleId" },
  tables: {
    "call.feature": "FeatureName",
    "call.args": "Record<string, Record<string, unknown>>",
    "read.feature": "FeatureName",
    "read.type": "Record<string, unknown>",
    "event.feature": "FeatureName",
    "forbidden.outer": 'LockName | "notifier"',
    "forbidden.inner": 'LockName | "synchronize" | "sleeping" | "any"',
    "forbidden.rule": "RuleId",
  },
  ledger: { "disagreement.rule": "RuleId" },
  dialogue: { "open.given": "Given", "call.args": "Record<string, unknown>", "announcement.on": "readonly { readonly name: string }[]" },
};

const COMPILED = {
  bannerComment: "",
  additionalProperties: false,
  unreachableDefinitions: true,
  ignoreMinAndMaxItems: true,
  style: { printWidth: 140 },
};

/** A copy of the schema that says the same to people, without what TypeScript cannot say. */
function forTypes(node, named) {
  if (Array.isArray(node)) return node.map((each) => forTypes(each, named));
  if (node === null || typeof node !== "object") return node;
  if (typeof node.$ref === "string") {
    const name = named[node.$ref.replace("#/$defs/", "")];
    return name === undefined ? { $ref: node.$ref } : { tsType: name };
  }
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, forTypes(value, named)]));
  const onlyRequires = (key) => Array.isArray(copy[key]) && copy[key].every((each) => Object.keys(each).join() === "required");
  for (const key of ["anyOf", "oneOf"]) if (onlyRequires(key)) delete copy[key];
  return copy;
}

function withNames(schema, named) {
  const copy = forTypes(schema, named);
  copy.$defs ??= {};
  for (const [name, type] of Object.entries(named)) {
    const [owner, property] = name.split(".");
    if (property === undefined) delete copy.$defs[owner];
    else {
      const place = owner === "announcement" ? copy.$defs.standing.properties.next : copy.$defs[owner];
      const { description } = place.properties[property];
      place.properties[property] = { ...(description && { description }), tsType: type };
    }
  }
  return copy;
}

async function typesOf(name, schema) {
  const copy = withNames(schema, NAMED[name]);
  // Arguments stand beside the keys of a call; the schema leaves them to spec/calls.yaml.
  if (name === "case") copy.$defs.call.additionalProperties = true;
  const text = await compile(copy, copy.title, COMPILED);
  return text
    .replace(/^ *\* This interface was referenced by [^\n]*\n *\* via [^\n]*\n/gm, "")
    .replace(/^ *\* @(min|max)Items [^\n]*\n/gm, "")
    .replace(/(^ *\*\n)+( *\*\/)/gm, "$2")
    .replace(/^ *\/\*\*\n *\*\/\n/gm, "")
    .replace(/\?: ([^;{}]+);/g, "?: $1 | undefined;")
    .replace(/^( *)\/\*\*\n *\* ([^\n]*)\n *\*\/$/gm, "$1/** $2 */")
    .replace(/^\}\n(?=[/e])/gm, "}\n\n")
    .replace(/;\n(?=\/\*\*|export)/g, ";\n\n")
    .trim();
}

function union(name, about, members) {
  const lines = [...new Set(members)].sort().map((each) => `  | ${JSON.stringify(each)}`);
  return `/** ${about} */\nexport type ${name} =\n${lines.join("\n")};\n`;
}

/** The text of types.ts. */
async function makeTypes(spec) {
  const keys = (table) => Object.keys(table ?? {});
  // A pair's rule is a type from the day that the pair is written; `check` demands that the rule is stated too.
  const unions = [
    union("RuleId", "Every rule of spec/rules/, and those that own a forbidden pair of locks.", [
      ...spec.rules,
      ...spec.forbidden.map((pair) => pair.rule),
    ]),
    union("FeatureName", "Every feature of spec/features.yaml.", keys(spec.features)),
    union("CallName", "Every call of spec/calls.yaml.", keys(spec.calls)),
    union("LimitName", "Every limit of spec/calls.yaml.", keys(spec.limits)),
    union("SymbolName", "Every symbol of spec/calls.yaml.", keys(spec.symbols)),
    union("ReadPattern", "Every read of spec/reads.yaml; `*` stands for a number or a name.", keys(spec.reads)),
    union("EventPattern", "Every event of spec/events.yaml; `*` stands for a number or a name.", keys(spec.events)),
    union("LockName", "Every lock class of spec/locks.yaml.", keys(spec.locks)),
  ];
  const parts = [];
  for (const [name, schema] of Object.entries(spec.schemas)) parts.push(await typesOf(name, schema));
  const text = [...unions, ...parts].join("\n\n").replace(/\n{3,}/g, "\n\n");
  const names = [...text.matchAll(/^export (?:type|interface) (\w+)/gm)].map((found) => found[1]);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`two schema definitions would both be the type ${twice}: give one a title`);
  return `${text}\n`;
}

module.exports = { makeTypes };

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROBLEMS } from "./problems";
import { packageRoot } from "./root";

const NUMBERS: Readonly<Record<string, string>> = {
  additionalProperties: "001",
  required: "002",
  type: "003",
  enum: "004",
  const: "004",
  pattern: "005",
  minLength: "005",
  minimum: "006",
  maximum: "006",
  minItems: "007",
  maxItems: "007",
  minProperties: "007",
  dependentRequired: "008",
};

/** The keywords of a schema that can refuse a value; a property's name is none. */
function keywords(schema: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const each of schema) keywords(each, found);
  else if (typeof schema === "object" && schema !== null)
    for (const [key, value] of Object.entries(schema)) {
      if (["properties", "$defs", "patternProperties"].includes(key))
        for (const each of Object.values(value as object)) keywords(each, found);
      else {
        if (!(key === "additionalProperties" && value !== false)) found.add(key);
        if (key !== "enum" && key !== "const") keywords(value, found);
      }
    }
  return found;
}

test.each([
  ["CASE", "case"],
  ["RULE", "rule"],
  ["TABLE", "tables"],
])("whatever the schema of a %s refuses has a code", (family, name) => {
  const schema: unknown = JSON.parse(readFileSync(join(packageRoot(), "spec", "schema", `${name}.schema.json`), "utf8"));
  const codes = [...keywords(schema)].flatMap((keyword) => (NUMBERS[keyword] === undefined ? [] : [`${family}-${NUMBERS[keyword]}`]));
  expect(Object.keys(PROBLEMS)).toEqual(expect.arrayContaining(codes));
});

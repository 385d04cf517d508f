/** What a schema finds wrong, as problems: one for each mistake, at its place, in plain words. */
import type { ErrorObject } from "ajv";
import type { Validate } from "../../spec/generated/validators";
import { nearest } from "./names";
import type { Code } from "./problems";
import type { Path, Said, Source } from "./source";

/** The first part of the codes of a kind of file. */
export type Family = "CASE" | "RULE" | "EQUIV" | "TABLE" | "LEDGER";

/** Parses a source and reports what is wrong with its value; false if anything is. */
export function checkSchema(source: Source, family: Family, validate: Validate): boolean {
  source.parse();
  if (source.value === undefined) return false;
  if (validate(source.value)) return true;
  for (const error of oneForEach(validate.errors ?? [])) {
    const { keyword, path, ...said } = inWords(error);
    source.report(`${family}-${keyword}` as Code, path, said);
  }
  return false;
}

/**
 * Where a value fits no branch of a `oneOf`, ajv tells what is wrong with it in every branch. Keeps
 * what says more than "another type" or, if nothing does, that no branch fits.
 */
export function oneForEach(errors: readonly ErrorObject[]): ErrorObject[] {
  let kept: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword === "propertyNames") kept = [...kept.filter((each) => !isOfName(each, error)), error];
    else if (error.keyword !== "oneOf" && error.keyword !== "anyOf") kept.push(error);
    else {
      const inside = (each: ErrorObject): boolean => isInside(each, error);
      const telling = kept.filter((each) => inside(each) && !isOnlyKind(each, error));
      const branches = new Set(telling.map((each) => branchOf(each)));
      const fits = ((error.params as { passingSchemas?: unknown }).passingSchemas ?? null) !== null;
      const keep = !fits && branches.size === 1 ? telling : [error];
      kept = [...kept.filter((each) => !inside(each)), ...keep];
    }
  }
  return kept;
}

function isInside(error: ErrorObject, { instancePath, schemaPath }: ErrorObject): boolean {
  if (error.schemaPath.startsWith(`${schemaPath}/`) && error.instancePath === instancePath) return true;
  return instancePath !== "" && (error.instancePath === instancePath || error.instancePath.startsWith(`${instancePath}/`));
}

/** Says no more than that the value is of the kind of another branch. */
function isOnlyKind({ keyword, instancePath, data }: ErrorObject, whole: ErrorObject): boolean {
  if (instancePath !== whole.instancePath) return false;
  return keyword === "type" || (keyword === "enum" && typeof data === "object");
}

/** Says of a key what `propertyNames` says too. */
function isOfName({ instancePath, data }: ErrorObject, whole: ErrorObject): boolean {
  return instancePath === whole.instancePath && data === (whole.params as { propertyName?: unknown }).propertyName;
}

function branchOf({ keyword, schemaPath }: ErrorObject): string {
  return keyword === "required" ? (/(oneOf|anyOf)\/\d+/.exec(schemaPath)?.[0] ?? "") : "";
}

interface InWords extends Said {
  readonly keyword: string;
  readonly path: Path;
}

/** An error of ajv's as a path, a message and a hint; `keyword` is the number of its code. */
export function inWords(error: ErrorObject): InWords {
  const path = pathOf(error);
  const params = error.params as Record<string, unknown>;
  const parent = (error.parentSchema ?? {}) as { properties?: Record<string, { description?: string }>; description?: string };
  const known = Object.keys(parent.properties ?? {});
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(path, String(params["additionalProperty"]), known);
    case "propertyNames": {
      const name = String(params["propertyName"]);
      if (known.length > 0) return unknownKey(path, name, known);
      return {
        keyword: "005",
        path: [...path, name],
        atKey: true,
        message: `${say(name)} is not of the form ${formOf(error.schema)}`,
        hint: parent.description,
      };
    }
    case "required": {
      const name = String(params["missingProperty"]);
      return { keyword: "002", path, message: `${say(name)} is missing`, hint: parent.properties?.[name]?.description };
    }
    case "dependentRequired":
      return { keyword: "008", path, message: `${say(params["property"])} goes only with ${say(params["missingProperty"])}` };
    case "oneOf":
    case "anyOf":
      return noBranch(error, path);
    default:
      return { ...aboutValue(error), path };
  }
}

function unknownKey(path: Path, name: string, known: readonly string[]): InWords {
  const near = nearest(name, known);
  const hint = near === undefined ? `the keys here: ${known.join(", ")}` : `did you mean ${say(near)}?`;
  return { keyword: "001", path: [...path, name], atKey: true, message: `no key ${say(name)} here`, ...(known.length > 0 && { hint }) };
}

function noBranch(error: ErrorObject, path: Path): InWords {
  const branches = error.schema as readonly { required?: readonly string[] }[];
  const needed = branches.map((branch) => branch.required?.[0]);
  if (needed.every((each) => each !== undefined)) {
    const many = error.keyword === "oneOf" ? "exactly one" : "at least one";
    return { keyword: "008", path, message: `this needs ${many} of ${needed.join(", ")}` };
  }
  const { description } = (error.parentSchema ?? {}) as { description?: string };
  return { keyword: "003", path, message: `${say(error.data)} is not a value that can stand here`, hint: description };
}

function aboutValue(error: ErrorObject): Said & { keyword: string } {
  const value = say(error.data);
  const params = error.params as Record<string, unknown>;
  const hint = (error.parentSchema as { description?: string } | undefined)?.description;
  switch (error.keyword) {
    case "type":
      return { keyword: "003", message: `${kindOf(error.data)} is not ${kinds(params["type"])}`, hint };
    case "enum": {
      const allowed = (params["allowedValues"] as unknown[]).map(String);
      const near = nearest(String(error.data), allowed);
      return {
        keyword: "004",
        message: `${value} is not one of ${allowed.join(", ")}`,
        hint: near === undefined ? hint : `did you mean ${say(near)}?`,
      };
    }
    case "const":
      return { keyword: "004", message: `${value} is not ${say(params["allowedValue"])}`, hint };
    case "pattern":
      return { keyword: "005", message: `${value} is not of the form ${String(params["pattern"])}`, hint };
    case "minLength":
      return { keyword: "005", message: `${value} is shorter than ${String(params["limit"])} letters`, hint };
    case "minimum":
    case "maximum":
      return { keyword: "006", message: `${value} is not ${String(params["comparison"])} ${String(params["limit"])}`, hint };
    case "uniqueItems":
      return { keyword: "007", message: "one item stands here twice", hint };
    case "maxItems":
    case "maxProperties":
      return { keyword: "007", message: `more than ${String(params["limit"])} are here`, hint };
    default:
      return { keyword: "007", message: `fewer than ${String(params["limit"])} are here`, hint };
  }
}

const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "an integer",
  object: "a map",
  string: "text",
};

function kinds(type: unknown): string {
  const types = Array.isArray(type) ? (type as string[]) : [String(type)];
  return types.map((each) => KINDS[each] ?? each).join(" or ");
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a map" : say(value);
}

function formOf(schema: unknown): string {
  return String((schema as { pattern?: string } | undefined)?.pattern);
}

/** A value as a message shows it, and short. */
export function say(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function pathOf({ instancePath }: ErrorObject): string[] {
  const parts = instancePath.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

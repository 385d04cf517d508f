/**
 * What can be wrong with a spec file. A problem is the author's, never the implementation's: it has
 * a place, a code from this closed table, and a way forward.
 */

/** Every problem there is, in a sentence. Codes are permanent; `spec/invalid/` shows each at least once. */
export const PROBLEMS = {
  "YAML-001": "The file is not YAML.",
  "YAML-002": "A key appears twice in one map.",
  "YAML-003": "Anchors are not used in spec files.",
  "YAML-004": "Aliases are not used in spec files; they are refused before they are expanded.",
  "YAML-005": "Tags are not used in spec files.",
  "YAML-006": "Merge keys are not used in spec files.",
  "YAML-007": "A file holds one document.",
  "YAML-008": "The file holds nothing.",
  "YAML-009": "The file is larger than 256 KiB.",
  "YAML-010": "The file nests deeper than 32 levels.",
  "YAML-011": "The file is not UTF-8.",
  "YAML-012": "A key is a plain word.",
  "YAML-013": "A number is an integer that loses no bits.",

  "CASE-001": "A case has no such key here.",
  "CASE-002": "A key is missing from the case.",
  "CASE-003": "A value in the case is of another kind.",
  "CASE-004": "A value in the case is none of those allowed.",
  "CASE-005": "A text in the case has another form.",
  "CASE-006": "A number in the case is out of range.",
  "CASE-007": "A list or map in the case has too few, too many or repeated items.",
  "CASE-008": "Keys of the case need or exclude one another.",
  "RULE-001": "A rule file has no such key here.",
  "RULE-002": "A key is missing from the rule file.",
  "RULE-003": "A value in the rule file is of another kind.",
  "RULE-004": "A value in the rule file is none of those allowed.",
  "RULE-005": "A text in the rule file has another form.",
  "RULE-007": "A list in the rule file has too few, too many or repeated items.",
  "TABLE-001": "A table has no such key here.",
  "TABLE-002": "A key is missing from the table.",
  "TABLE-003": "A value in the table is of another kind.",
  "TABLE-004": "A value in the table is none of those allowed.",
  "TABLE-005": "A name or text in the table has another form.",
} as const;

/** The code of a problem. */
export type Code = keyof typeof PROBLEMS;

/** One mistake: where it is, what it is, and what to do. Lines and columns count from 1. */
export interface Problem {
  readonly code: Code;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
  /** The line of the file with a caret under the place. */
  readonly frame: string;
}

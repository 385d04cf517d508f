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
  "CASE-010": "The id of a case in cases/ is its folder and its file's name.",
  "CASE-011": "There is no such rule.",
  "CASE-012": "There is no such call.",
  "CASE-013": "There is no such read.",
  "CASE-014": "There is no such event.",
  "CASE-015": "There is no such lock.",
  "CASE-016": "There is no such limit.",
  "CASE-017": "There is no such symbol.",
  "CASE-020": "In a case with several rules, each claim says which one it belongs to.",
  "CASE-021": "A claim belongs to a rule that the case names.",
  "CASE-022": "Each rule that a case names has a claim.",
  "CASE-023": "A claim claims something.",
  "CASE-030": "The call has no such argument.",
  "CASE-031": "An argument of the call is missing.",
  "CASE-032": "An argument or a number of events is not what it can be.",
  "CASE-033": "A limit is said by its name: as a number it is right on some kernels only.",
  "CASE-034": "The call never gives this answer.",
  "CASE-035": "The read never has this value.",
  "CASE-036": "A call that stays blocked does not return.",
  "CASE-037": "There is no such vCPU.",
  "CASE-038": "What counts repetitions belongs to a call that is repeated.",
  "CASE-039": "A race says each of its calls: none is repeated.",
  "CASE-040": "What always holds has an `if`, or a `sometimes` that shows that it could break.",
  "CASE-041": "A thread interrupts a thread of its case.",
  "CASE-042": "A thread does not interrupt itself.",
  "CASE-043": "A thread that interrupts is not interrupted.",
  "CASE-044": "A `*` in a consequence is the one in the condition.",
  "CASE-045": "Only what is judged after each step looks one step back.",
  "CASE-046": "These operators do not go together.",
  "CASE-047": "A range holds a value.",
  "CASE-048": "Bits are hex strings, and the mask shows every bit of the value.",
  "CASE-050": "An outcome speaks of threads of its case.",
  "CASE-051": "An outcome has one return for each call of a thread.",
  "CASE-052": "Outcomes belong to a race, and what is permitted adds to them.",

  "RULE-001": "A rule file has no such key here.",
  "RULE-002": "A key is missing from the rule file.",
  "RULE-003": "A value in the rule file is of another kind.",
  "RULE-004": "A value in the rule file is none of those allowed.",
  "RULE-005": "A text in the rule file has another form.",
  "RULE-007": "A list in the rule file has too few or repeated items.",
  "RULE-010": "A rule file's area is its name.",
  "RULE-011": "The first word of a rule's id is its area.",
  "RULE-012": "There is no such feature.",
  "RULE-013": "There is no such read or event.",
  "RULE-014": "A rule's level is the word in its sentence.",
  "RULE-015": "A rule asked of every version has no version from or before which it holds.",
  "RULE-016": "What held before a version has a rule that holds from it on.",

  "EQUIV-001": "The file of equivalent mistakes has no such key here.",
  "EQUIV-002": "A key is missing from the file of equivalent mistakes.",
  "EQUIV-003": "A value in the file of equivalent mistakes is of another kind.",
  "EQUIV-005": "A text in the file of equivalent mistakes has another form.",
  "EQUIV-010": "There is no such rule.",
  "EQUIV-011": "There is no such mistake.",
  "EQUIV-012": "A mistake is argued once.",

  "TABLE-001": "A table has no such key here.",
  "TABLE-002": "A key is missing from the table.",
  "TABLE-003": "A value in the table is of another kind.",
  "TABLE-004": "A value in the table is none of those allowed.",
  "TABLE-005": "A name or text in the table has another form.",
  "TABLE-010": "There is no such feature.",
  "TABLE-011": "A read derives from cells, or from what one lock guards.",
  "TABLE-013": "There is no such lock.",
  "TABLE-014": "There is no such rule.",
  "TABLE-015": "An argument is not named like a key that every call has.",
  "TABLE-016": "What is optional is an argument.",
  "TABLE-017": "The generated files are older than the table.",

  "LEDGER-001": "An entry of the ledger has no such key.",
  "LEDGER-002": "A key is missing from an entry of the ledger.",
  "LEDGER-003": "A value in the ledger is of another kind.",
  "LEDGER-004": "A value in the ledger is none of those allowed.",
  "LEDGER-005": "A text in the ledger has another form.",
  "LEDGER-007": "A list in the ledger has too few or repeated items.",
  "LEDGER-010": "There is no such rule.",
  "LEDGER-011": "There is no such case.",
  "LEDGER-012": "The case of an entry is about its rule.",
  "LEDGER-013": "A disagreement stands in the ledger once.",
  "LEDGER-014": "A range of versions holds a version.",
  "LEDGER-015": "What every kernel does is the rule.",

  "ID-001": "An id is given once.",
  "ID-002": "Every id is in spec/ids.lock.",
  "ID-003": "An id that was given is never taken away.",
  "ID-004": "A case of your own has an id of its own.",
  "ID-005": "spec/ids.lock has each id once.",
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

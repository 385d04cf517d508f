/** Exit codes, and the errors that are the user's to mend. */

/** What the process says to who called it. */
export const EXIT = {
  /** All as expected. */
  ok: 0,
  /** The implementation breaks a rule. */
  broken: 1,
  /** The command line, or a file of the spec, is wrong. */
  usage: 2,
  /** The adapter or the machine failed: whatever else was found, something could not be asked to the end. */
  adapter: 3,
  /** Nothing selected, or a limit was reached: not everything was judged. */
  incomplete: 4,
  interrupted: 130,
} as const;

/** Thrown for what the user can mend: printed without a stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

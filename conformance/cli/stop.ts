/** How a command is stopped half-way. */

/** Whether the user asked to stop; looked at now and then while a case runs. */
export interface Stopper {
  stopped: boolean;
}

/** Thrown out of a case when the user asked to stop. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

import { setFlagsFromString } from "node:v8";

/**
 * Has V8 collect the dead when the heap has become two and a half times what lived last, not four: an
 * exploration plans and forgets at a steady rate, and is not to take the more memory the longer it goes on.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=150");
}

import { setFlagsFromString } from "node:v8";

/** Fits V8's heap to explorations: each plans and forgets at a steady rate, and then all of it is forgotten. */
export function fitHeap(): void {
  // The dead are collected when the heap has become two and a half times what lived last, not four: or else an
  // exploration takes the more memory the longer it goes on.
  setFlagsFromString("--heap-growing-percent=150");
  // What one exploration keeps for long, the next makes anew. Were it made among what is old from then on, it would
  // keep alive, when it is dead itself, all that it leads to: to move that about took up to a quarter of the time of
  // short cases.
  setFlagsFromString("--no-allocation-site-pretenuring");
}

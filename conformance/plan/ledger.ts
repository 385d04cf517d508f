/** The ledger, spec/disagreements.yaml: what is known of real kernels that do otherwise than the rules say. */
import type { HelloReply } from "../../spec/generated/types";
import type { FiledDisagreement, Spec } from "../case/spec";
import { isWithin } from "../case/versions";

/** Who was asked: a real kernel is told from others by its version and traits. */
export type Asked = Pick<HelloReply, "kind" | "kernel" | "traits">;

/** The entries about this kernel. A model has none; an entry about a model that was mended excuses nobody. */
export function entriesAbout({ kind, kernel, traits = [] }: Asked, spec: Spec): FiledDisagreement[] {
  if (kind !== "kvm") return [];
  return spec.disagreements.filter(
    ({ judgement, kernel: range, on = [] }) =>
      judgement !== "model-fixed" &&
      (range === undefined || (kernel !== undefined && isWithin(range, kernel))) &&
      on.every((trait) => traits.includes(trait)),
  );
}

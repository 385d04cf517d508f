/**
 * What is in the guest's memory, as far as anybody looks at it: words, each as wide as its user
 * makes it. A word moves with its page. Who writes through an address of a page that it has left
 * writes to memory that nobody reads any more.
 */
import { Cell, store_all, type Step } from "../task";

/** A host page frame number; frames are told apart, never dereferenced. */
export type Pfn = number;

export class Word extends Cell<bigint> {
  private readonly steps = new Map<string, Step>();
  /** Where its page has gone, once it has moved. Belongs to the cell: touched in steps that announce it. */
  private pfn: Pfn | undefined;

  /** The store that claims see as `event`. */
  storing(event: string): Step {
    let step = this.steps.get(event);
    if (step === undefined) this.steps.set(event, (step = store_all([this], event)));
    return step;
  }

  move(to: Pfn): void {
    this.pfn = to;
  }

  /** Writes through an address of the page `via`, in a step that announced the word. */
  write(via: Pfn, value: bigint): void {
    if (this.pfn === undefined || this.pfn === via) this.now = value;
  }
}

/** By host virtual address. */
export type GuestMemory = Map<number, Word>;

const PAGE = 4096;

/** The word at an offset in a page; the first to look at it gives it its name. */
export function word_in(memory: GuestMemory, hva: number, offset: number, name: string): Word {
  const address = hva * PAGE + offset;
  let word = memory.get(address);
  if (word === undefined) memory.set(address, (word = new Word(name, 0n)));
  return word;
}

/** The words of one page. */
export function words_of(memory: GuestMemory, hva: number): readonly Word[] {
  return [...memory].flatMap(([address, word]) => (Math.floor(address / PAGE) === hva ? word : []));
}

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

  /** `pfn` says where its page has gone, once it has moved. It belongs to the cell: touched in steps that announce it. */
  constructor(
    name: string,
    private pfn: Pfn | undefined,
  ) {
    super(name, 0n);
  }

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

/** What is in a process's pages. */
export interface GuestMemory {
  /** By host virtual address. */
  readonly words: Map<number, Word>;
  /** Where pages have gone, for words that nobody has looked at yet. */
  readonly moved: Map<number, Pfn>;
}

export function guest_memory_of(): GuestMemory {
  return { words: new Map(), moved: new Map() };
}

const PAGE = 4096;

/** The word at an offset in a page; the first to look at it gives it its name. */
export function word_in({ words, moved }: GuestMemory, hva: number, offset: number, name: string): Word {
  const address = hva * PAGE + offset;
  let word = words.get(address);
  if (word === undefined) words.set(address, (word = new Word(name, moved.get(hva))));
  return word;
}

/** The words of one page. */
export function words_of({ words }: GuestMemory, hva: number): readonly Word[] {
  return [...words].flatMap(([address, word]) => (Math.floor(address / PAGE) === hva ? word : []));
}

/** The page goes to another frame, in a step that announced its words. */
export function move_words({ moved }: GuestMemory, hva: number, words: readonly Word[], to: Pfn): void {
  moved.set(hva, to);
  for (const word of words) word.move(to);
}

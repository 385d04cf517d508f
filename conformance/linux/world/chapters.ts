/** All that a kernel can be asked: the chapters whose feature it has, and in which its guests are true. */
import type { CallName, ReadPattern } from "../../../spec/generated/types";
import { apicChapter, apicGuestChapter } from "./apic";
import type { Chapter, MakeCall, TakeRead } from "./calls";
import { hypervChapter } from "./hyperv";
import { mmChapter } from "./mm";
import type { Probed } from "../probe";
import { guestChapter, memslotChapter, prefaultChapter, vmChapter } from "./vm";
import { xenEventChapter, xenRunstateChapter } from "./xen";

export interface Vocabulary {
  readonly calls: ReadonlyMap<CallName, MakeCall>;
  readonly reads: ReadonlyMap<ReadPattern, TakeRead>;
}

export function vocabularyOf({ features, trueGuests, trueApics, nodes, prefaults }: Probed): Vocabulary {
  const chapters: readonly (Chapter | false)[] = [
    vmChapter,
    memslotChapter,
    prefaults && prefaultChapter,
    nodes && mmChapter,
    trueGuests && guestChapter,
    hypervChapter,
    xenEventChapter,
    xenRunstateChapter,
    apicChapter,
    trueApics && apicGuestChapter,
  ];
  const there = chapters.filter((chapter) => chapter !== false).filter(({ feature }) => features.includes(feature));
  return {
    calls: new Map(there.flatMap(({ calls }) => Object.entries(calls) as [CallName, MakeCall][])),
    reads: new Map(there.flatMap(({ reads }) => Object.entries(reads) as [ReadPattern, TakeRead][])),
  };
}

import { createSequence, type Files } from '@linux-patch/runtime';
import { type ListingState, PackageListing, watchedKey } from '@linux-patch/worker';
import type { WorkerLink } from './link.ts';
import type { ListingFile } from './listing-file.ts';

/** What is installed and what waits, kept until something on disk has changed. */
export interface Listings {
  /** The listing of the state on disk. @throws PatchError when the worker cannot make it; never an older one instead */
  reading(): Promise<PackageListing>;
  /** The same with what an ordinary upgrade would leave, and why. */
  explained(): Promise<PackageListing>;
  /** Names the state on disk now. @throws PatchError as `reading`, where no listing was ever made */
  key(): Promise<string>;
  /** Whether the next reading is there without asking the worker. */
  isCurrent(): Promise<boolean>;
  /** Reads what the next reading will need, unless somebody works with the packages. @throws PatchError as `reading` */
  readAhead(): Promise<void>;
  /** Resolves when what is kept for the next start is on disk. */
  settled(): Promise<void>;
}

/** A listing that is kept, and the one that is being made. */
interface Kept {
  listing: PackageListing | undefined;
  making: Promise<PackageListing> | undefined;
  /** That is being made for nobody. */
  ahead: Promise<void> | undefined;
}

export function createListings(options: {
  readonly link: WorkerLink;
  readonly files: Files;
  readonly file: ListingFile;
}): Listings {
  const { link, files, file } = options;
  const plain: Kept = { listing: undefined, making: undefined, ahead: undefined };
  const explained: Kept = { listing: undefined, making: undefined, ahead: undefined };
  /** Of what lies on disk, until a listing is in memory; so a start costs a line of it. */
  let stored: Promise<ListingState | undefined> | undefined;
  const writing = createSequence();
  const state = async (): Promise<ListingState | undefined> => {
    stored ??= file.state();
    return plain.listing ?? (await stored);
  };
  const isOfNow = async (one: ListingState | undefined): Promise<boolean> =>
    one !== undefined && (await watchedKey(files, one.watched)) === one.key;
  /** What is kept, if it is of the state on disk. */
  const current = async (kept: Kept): Promise<PackageListing | undefined> => {
    if (kept === plain && !plain.listing && (await isOfNow(await state()))) {
      const loaded = await file.load();
      // Another may have come meanwhile, which is newer.
      plain.listing ??= loaded;
      if (!loaded) stored = Promise.resolve(undefined);
    }
    return (await isOfNow(kept.listing)) ? kept.listing : undefined;
  };
  const keep = (listing: PackageListing): void => {
    plain.listing = listing;
    void writing.run(() => file.save(listing));
  };
  const make = async (kept: Kept): Promise<PackageListing> => {
    const explain = kept === explained;
    try {
      const listing = await link.ask({ v: 1, op: 'snapshot', explain }, PackageListing);
      if (explain) kept.listing = listing;
      else keep(listing);
      return listing;
    } finally {
      kept.making = undefined;
    }
  };
  const read = async (kept: Kept): Promise<PackageListing> => {
    const before = await current(kept);
    if (before) return before;
    if (kept.making ?? kept.ahead) {
      // It began before this was asked for, so it may be older than what is asked about.
      await Promise.allSettled([kept.making, kept.ahead]);
      const meanwhile = await current(kept);
      if (meanwhile) return meanwhile;
    }
    kept.making ??= make(kept);
    return kept.making;
  };
  const readAhead = async (): Promise<void> => {
    try {
      const request = { v: 1, op: 'snapshot', explain: false, unlessBusy: true } as const;
      const listing = await link.ask(request, PackageListing.nullable());
      if (listing) keep(listing);
    } finally {
      plain.ahead = undefined;
    }
  };
  return {
    reading: () => read(plain),
    explained: () => read(explained),
    key: async () => watchedKey(files, ((await state()) ?? (await read(plain))).watched),
    isCurrent: async () => isOfNow(await state()),
    async readAhead() {
      // One that is being made for somebody is kept as well.
      if (plain.making) await plain.making;
      else await (plain.ahead ??= readAhead());
    },
    settled: () => writing.settled(),
  };
}

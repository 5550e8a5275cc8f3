import { messageOf } from '@linux-patch/contract';
import { type Clock, createSequence, type Files } from '@linux-patch/runtime';
import { StateAnswer, watchedKey } from '@linux-patch/worker';
import type { WorkerLink } from './link.ts';
import type { PackageHealth, PackageHealthFile } from './package-health-file.ts';

/** While somebody works with the packages, or the worker fails, everything changes all the time. */
const PAUSE_MS = 10_000;

/** Whether this host needs a reboot and its packages are sound, kept until something on disk has changed. */
export interface HostState extends AsyncDisposable {
  /** Of the state on disk. @throws PatchError when the worker cannot say; never an older one instead */
  reading(): Promise<StateAnswer>;
  /**
   * Why packages cannot be managed, as it was when it was last looked at, by this agent or one before it; never `ok` when
   * nobody ever looked. Answers at once, and looks again behind the answer; before `begin`, when that comes.
   */
  health(): PackageHealth;
  /** Looks where nobody ever did, or somebody has asked for health: whoever waited for this agent is answered before. */
  begin(): void;
}

const NEVER_LOOKED: PackageHealth = {
  words:
    'unknown: nobody has looked at the packages yet. This agent does so within seconds of its first start; ask again then',
  atMs: undefined,
};

export async function openHostState(options: {
  readonly link: Pick<WorkerLink, 'ask'>;
  readonly files: Files;
  readonly clock: Clock;
  readonly file: PackageHealthFile;
}): Promise<HostState> {
  const { link, files, clock, file } = options;
  let kept: StateAnswer | undefined;
  let making: Promise<StateAnswer> | undefined;
  let known = await file.load();
  const writing = createSequence();
  let notBeforeMs = 0;
  /** What fails because the agent ends says nothing of the packages. */
  let isClosed = false;
  let isBegun = false;
  let isAsked = false;
  const note = (words: string): void => {
    if (isClosed) return;
    const found = { words, atMs: clock.now() };
    // A look that finds the same says only that it is still so.
    if (known?.words !== words) void writing.run(() => file.save(found));
    known = found;
  };
  const current = async (): Promise<StateAnswer | undefined> => {
    const state = kept;
    return state && (await watchedKey(files, state.watched)) === state.key ? state : undefined;
  };
  const make = async (): Promise<StateAnswer> => {
    try {
      kept = await link.ask({ v: 1, op: 'state' }, StateAnswer);
      if (kept.busy === undefined || known === undefined) note(kept.health);
      return kept;
    } finally {
      making = undefined;
    }
  };
  const reading = async (): Promise<StateAnswer> => {
    // One that is being made may be older than what is asked about.
    await making?.catch(() => {});
    const state = await current();
    if (state) return state;
    making ??= make();
    return making;
  };
  const look = async (): Promise<void> => {
    if (clock.monotonicMs() < notBeforeMs) return;
    try {
      const state = await current();
      if (state && state.busy === undefined) {
        note(state.health);
        return;
      }
      making ??= make();
      if ((await making).busy !== undefined) notBeforeMs = clock.monotonicMs() + PAUSE_MS;
    } catch (error) {
      note(messageOf(error));
      notBeforeMs = clock.monotonicMs() + PAUSE_MS;
    }
  };
  return {
    reading,
    health() {
      isAsked = true;
      if (isBegun) void look();
      return known ?? NEVER_LOOKED;
    },
    begin() {
      isBegun = true;
      if (known === undefined || isAsked) void look();
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await writing.settled();
    },
  };
}

import { messageOf } from '@linux-patch/contract';
import type { Clock, Files } from '@linux-patch/runtime';
import { StateAnswer, watchedKey } from '@linux-patch/worker';
import type { WorkerLink } from './link.ts';

/** While somebody works with the packages, or the worker fails, everything changes all the time. */
const PAUSE_MS = 10_000;

/** Whether this host needs a reboot and its packages are sound, kept until something on disk has changed. */
export interface HostState {
  /** Of the state on disk. @throws PatchError when the worker cannot say; never an older one instead */
  reading(): Promise<StateAnswer>;
  /**
   * Why packages cannot be managed, as it was when it was last looked at; `ok` when nothing is known against them. Answers at
   * once, and looks again behind the answer.
   */
  health(): string;
}

export function createHostState(options: {
  readonly link: Pick<WorkerLink, 'ask'>;
  readonly files: Files;
  readonly clock: Clock;
}): HostState {
  const { link, files, clock } = options;
  let kept: StateAnswer | undefined;
  let making: Promise<StateAnswer> | undefined;
  let known: string | undefined;
  let notBeforeMs = 0;
  const current = async (): Promise<StateAnswer | undefined> => {
    const state = kept;
    return state && (await watchedKey(files, state.watched)) === state.key ? state : undefined;
  };
  const make = async (): Promise<StateAnswer> => {
    try {
      kept = await link.ask({ v: 1, op: 'state' }, StateAnswer);
      if (kept.busy === undefined || known === undefined) known = kept.health;
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
        known = state.health;
        return;
      }
      making ??= make();
      if ((await making).busy !== undefined) notBeforeMs = clock.monotonicMs() + PAUSE_MS;
    } catch (error) {
      known = messageOf(error);
      notBeforeMs = clock.monotonicMs() + PAUSE_MS;
    }
  };
  return {
    reading,
    health() {
      void look();
      return known ?? 'ok';
    },
  };
}

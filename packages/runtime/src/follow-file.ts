import { createHash } from 'node:crypto';
import { messageOf } from '@linux-patch/contract';
import type { Clock } from './clock.ts';
import type { Files } from './files.ts';
import type { Logger } from './logger.ts';

/** A change that the kernel does not tell of is noticed within this time. */
const LOOK_EVERY_MS = 10_000;
/** What lies behind this many bytes is no configuration any more. */
const READ_LIMIT_BYTES = 1024 * 1024;

export interface FollowOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly path: string;
  readonly logger: Logger;
  readonly changed: () => void;
}

/** Says what is there: content, owner and mode, or why it cannot be read. */
async function stateOf({ files, path }: FollowOptions): Promise<string> {
  try {
    const facts = await files.facts(path);
    const text = await files.readTextLimited(path, READ_LIMIT_BYTES);
    const digest = createHash('sha256').update(text ?? '');
    return `${facts?.kind} ${facts?.mode} ${facts?.uid} ${facts?.gid} ${digest.digest('hex')}`;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Calls back when the file at this path is another one than before: at once where the kernel tells, and within ten
 * seconds where it cannot (no inotify instance left, a network file system, a folder that was replaced). Never throws.
 */
export function followFile(options: FollowOptions): AsyncDisposable {
  const { files, clock, path, logger, changed } = options;
  const closing = new AbortController();
  let nap = new AbortController();
  let watcher: Disposable | undefined;
  let warned = false;
  const watch = (): void => {
    try {
      watcher ??= files.watch(path, () => nap.abort());
    } catch (error) {
      if (!warned)
        logger.warn('The kernel does not tell of changes of this file; it is looked at every ten seconds', {
          path,
          error,
        });
      warned = true;
    }
  };
  const follow = async (): Promise<void> => {
    watch();
    let known = await stateOf(options);
    while (!closing.signal.aborted) {
      const either = AbortSignal.any([closing.signal, nap.signal]);
      await clock.sleep(LOOK_EVERY_MS, either).catch(() => {});
      if (closing.signal.aborted) return;
      const told = nap.signal.aborted;
      nap = new AbortController();
      watch();
      const now = await stateOf(options);
      if ((now === known && !told) || closing.signal.aborted) continue;
      known = now;
      changed();
    }
  };
  const following = follow();
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      watcher?.[Symbol.dispose]();
      await following;
    },
  };
}

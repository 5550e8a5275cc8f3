import type { Clock } from './clock.ts';
import type { Files } from './files.ts';
import { followFile } from './follow-file.ts';
import type { Logger } from './logger.ts';
import { createSequence } from './sequence.ts';

export interface FollowFilesOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: readonly string[];
  /** Looks at what the files say now. The signal aborts when nobody follows any more. */
  readonly look: (closing: AbortSignal) => Promise<void>;
  /** A look that failed. */
  readonly failed: (error: unknown) => void;
}

/** Files that are looked at whenever one of them changes; disposing waits for the look under way. */
export interface FollowedFiles extends AsyncDisposable {
  /** Looks now, as on SIGHUP. Resolves when it has; never rejects. */
  reload(): Promise<void>;
  /** Does other work on what was read; neither a look nor other such work comes between. Never rejects. */
  inTurn(work: () => Promise<void>): Promise<void>;
}

/** Looks at files when they change and when it is asked to, one look after the other. */
export function followFiles(options: FollowFilesOptions): FollowedFiles {
  const { files, clock, logger, look, failed } = options;
  const closing = new AbortController();
  const looks = createSequence();
  const inTurn = (work: () => Promise<void>): Promise<void> =>
    looks.run(() => (closing.signal.aborted ? undefined : work())).catch(failed);
  const reload = () => inTurn(() => look(closing.signal));
  const followers = options.paths.map((path) =>
    followFile({ files, clock, path, logger, changed: () => void reload() }),
  );
  return {
    reload,
    inTurn,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all(followers.map((one) => one[Symbol.asyncDispose]()));
      await looks.settled();
    },
  };
}

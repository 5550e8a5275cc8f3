import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import type { PendingEnrollment } from '../state/pending.ts';

/**
 * `enrollment.polling_token`: the token of a request that an earlier version made and wrote into the configuration. It is
 * taken over into the state once; the file is its administrator's and stays as it is, so what was used is remembered.
 */
export interface ConfiguredToken {
  /** The token, when there is one that was not used yet. */
  unused(): Promise<string | undefined>;
  /** From now on the token in the configuration means nothing. @throws Node's error when that cannot be written */
  markUsed(): Promise<void>;
}

export function openConfiguredToken(options: {
  readonly files: Files;
  readonly dataFolder: string;
  readonly token: string | undefined;
}): ConfiguredToken {
  const { files, token } = options;
  const path = join(options.dataFolder, 'state/used-polling-token');
  const digest = token === undefined ? undefined : createHash('sha256').update(token).digest('hex');
  return {
    async unused() {
      if (digest === undefined) return undefined;
      const used = await files.readText(path).catch(() => undefined);
      return used?.trim() === digest ? undefined : token;
    },
    async markUsed() {
      if (digest === undefined || (await this.unused()) === undefined) return;
      await files.makeFolder(dirname(path), 0o700);
      await files.writeDurably({ path, data: `${digest}\n`, mode: 0o600 });
    },
  };
}

/** A token without a state is of an agent of the older generation: its request waits, its key is the manager's. */
export function adoptedRequest(begun: PendingEnrollment, token: string): PendingEnrollment {
  return { ...begun, adopted: true, generation: 'older', state: 'waiting', polling_token: token };
}

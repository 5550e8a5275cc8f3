import { createHash } from 'node:crypto';
import type { InstallSources } from '@linux-patch/contract';
import { APT_JOIN_SCRIPT } from './apt-script.ts';
import type { RepositoryFiles } from './repository-files.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What hosts can install, and by what they know it. */
export interface InstallOffer {
  readonly repository: RepositoryFiles;
  readonly releaseKey: string | undefined;
  readonly rootsPem: () => string;
}

/** The offer as it is now. */
export async function readSources({
  repository,
  releaseKey,
  rootsPem,
}: InstallOffer): Promise<InstallSources> {
  return {
    release_key: releaseKey ?? null,
    apt: await repository.architectures(),
    script_sha256: sha256(APT_JOIN_SCRIPT),
    ca_sha256: sha256(rootsPem()),
  };
}

import { createHash } from 'node:crypto';
import type { InstallSources } from '@linux-patch/contract';
import { JOIN_SCRIPT } from './join-script.ts';
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
    apt: await repository.architectures('apt'),
    packages: await repository.architectures('packages'),
    script_sha256: sha256(JOIN_SCRIPT),
    ca_sha256: sha256(rootsPem()),
  };
}

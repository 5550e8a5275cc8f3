import { createHash } from 'node:crypto';
import { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import type { Routes } from '../http/routes.ts';
import { APT_JOIN_SCRIPT } from './apt-script.ts';
import type { RepositoryFiles } from './repository-files.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What hosts install, and by what a person's line knows it. */
export function serveInstallRoutes(
  routes: Routes,
  options: {
    readonly repository: RepositoryFiles;
    readonly releaseKey: string | undefined;
    readonly rootsPem: () => string;
  },
): void {
  const { repository, releaseKey, rootsPem } = options;
  routes.serve(MANAGER_ADMIN_ROUTES.installSources, async () => ({
    release_key: releaseKey ?? null,
    apt: await repository.architectures(),
    script_sha256: sha256(APT_JOIN_SCRIPT),
    ca_sha256: sha256(rootsPem()),
  }));
  routes.serveBare(MANAGER_PUBLIC_ROUTES.installScript, () =>
    answerWith(APT_JOIN_SCRIPT, { headers: { 'Content-Type': 'text/x-shellscript; charset=utf-8' } }),
  );
  routes.serveBare(MANAGER_PUBLIC_ROUTES.installFile, async ({ parameter }) => {
    const file = await repository.open(parameter('architecture'), parameter('file'));
    return answerWith(file.pieces(), {
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Length': String(file.sizeBytes),
        // Lists are signed anew under the same names.
        'Cache-Control': 'no-cache',
      },
    });
  });
}

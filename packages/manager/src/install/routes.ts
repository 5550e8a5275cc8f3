import { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import type { Routes } from '../http/routes.ts';
import { JOIN_SCRIPT } from './join-script.ts';
import { type InstallOffer, readSources } from './sources.ts';

/** What hosts install, and by what a person's line knows it. */
export function serveInstallRoutes(routes: Routes, offer: InstallOffer): void {
  const { repository } = offer;
  routes.serve(MANAGER_ADMIN_ROUTES.installSources, () => readSources(offer));
  routes.serveBare(MANAGER_PUBLIC_ROUTES.installScript, () =>
    answerWith(JOIN_SCRIPT, { headers: { 'Content-Type': 'text/x-shellscript; charset=utf-8' } }),
  );
  routes.serveBare(MANAGER_PUBLIC_ROUTES.installFile, async ({ parameter }) => {
    const file = await repository.open(
      { kind: parameter('kind'), architecture: parameter('architecture') },
      parameter('file'),
    );
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
